/** One measured process of the bench: KCONFIG_BENCH holds what to do. Prints what only the process itself can know. */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { loadKernelTree } from '../../src/cli/kernel/load.js';
import { Configuration, isLogical, makeConfig, TRISTATE, WhatIf } from '../../src/kconfig/index.js';

interface Task {
  readonly what: 'single' | 'batch' | 'what-if';
  readonly directory: string;
  readonly arch: string;
  readonly recording: string;
  /** null: nothing is kept between runs. */
  readonly cacheDirectory: string | null;
  readonly config: string;
  readonly output: string;
  readonly rounds: number;
}

async function main(task: Task): Promise<void> {
  const { value } = await loadKernelTree({
    directory: task.directory,
    arch: task.arch,
    probes: { mode: 'replay', file: task.recording },
    host: process.env,
    cacheDirectory: task.cacheDirectory,
  });
  if (!value) throw new Error('the tree cannot be read');
  const { tree } = value;
  const text = readFileSync(task.config, 'latin1');

  const result: Record<string, number | boolean> = { fromCache: value.fromCache };
  if (task.what === 'single') writeFileSync(task.output, makeConfig(tree, 'olddefconfig', text).text, 'latin1');
  else if (task.what === 'batch') {
    const config = new Configuration(tree);
    const run = () => makeConfig(tree, 'olddefconfig', text, {}, config);
    for (let i = 0; i < 10; i++) run();
    result['batchMillis'] = median(Array.from({ length: task.rounds }, () => cpuMillis(run)));
  } else {
    const whatIf = new WhatIf(tree, text);
    const symbols: number[] = [];
    for (let s = 3; s < tree.symbols.name.length; s++)
      if (isLogical(tree.symbols.type[s] as number) && (whatIf.config.visible[s] as number) > 0) symbols.push(s);
    const times: number[] = [];
    for (let round = 0; round < task.rounds; round++) {
      const symbol = symbols[Math.imul(round, 7919) % symbols.length] as number;
      const before = whatIf.userValue(symbol);
      const on = whatIf.config.spelt(symbol) === 'n';
      const start = performance.now();
      whatIf.set(symbol, on ? (tree.symbols.type[symbol] === TRISTATE ? 'm' : 'y') : 'n');
      whatIf.update();
      times.push(performance.now() - start);
      whatIf.restore(before);
      whatIf.update();
    }
    result['symbols'] = symbols.length;
    result['whatIfMillis'] = median(times);
    result['whatIfSlowestMillis'] = Math.max(...times);
  }
  result['maxRssMiB'] = process.resourceUsage().maxRSS / 1024;
  // console would fetch Node's streams.
  writeSync(1, JSON.stringify(result));
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}

/** CPU milliseconds of one call, garbage collection and compiling included. */
function cpuMillis(body: () => void): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

main(JSON.parse(process.env['KCONFIG_BENCH'] ?? '') as Task);
