/** labgrid's pytest plugin runs the generated test on a board that its QEMUDriver plays: one case for each check. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { generate } from '../e2e/product.js';
import { type BoardName, dtbOf, MEMORY_MIB, PROMPT, ramdiskOf } from './guest.js';
import { amongEngines } from './root.js';

const environment = (board: BoardName) => ({
  targets: {
    main: {
      drivers: {
        QEMUDriver: {
          qemu_bin: 'qemu',
          machine: 'virt,gic-version=2',
          cpu: 'cortex-a53',
          memory: `${MEMORY_MIB}M`,
          kernel: 'kernel',
          dtb: 'dtb',
          boot_args: 'console=ttyAMA0',
          extra_args: `-net none -initrd /work/${ramdiskOf(board)}`,
        },
        ShellDriver: { prompt: `${PROMPT}.*# `, login_prompt: ' login: ', username: 'root' },
        ShellStrategy: {},
      },
    },
  },
  images: { kernel: '/work/kernel', dtb: `/work/${dtbOf(board)}` },
  tools: { qemu: '/usr/bin/qemu-system-aarch64' },
});

export interface PytestRun {
  readonly exitCode: number | undefined;
  /** Case -> passed, skipped or failed. */
  readonly cases: ReadonlyMap<string, string>;
  readonly output: string;
}

export async function labgridTest(directory: string, board: BoardName): Promise<PytestRun> {
  const name = `labgrid-${board}`;
  await generate(
    path.join(directory, 'board.json'),
    ['--kernel', '6.12', '--target', 'fleet'],
    path.join(directory, name),
  );
  const place = path.join(directory, name);
  cpSync(path.join(place, 'fleet/labgrid'), place, { recursive: true });
  writeFileSync(path.join(place, 'board.yaml'), YAML.stringify(environment(board)));
  const command = 'exec pytest -p no:cacheprovider -rA --junitxml result.xml --lg-env board.yaml test_dmaheap.py';
  const { exitCode, all } = await amongEngines(directory, `cd ${name}; ${command} >log 2>&1`);
  const output = all + readFileSync(path.join(place, 'log'), 'utf8');
  const xml = readFileSync(path.join(place, 'result.xml'), 'utf8');
  const cases = xml.matchAll(/<testcase [^>]*? name="([^"]+)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs);
  const resultOf = (body = '') => /<(skipped|failure|error)\b/.exec(body)?.[1] ?? 'passed';
  return { exitCode, cases: new Map([...cases].map(([, one = '', body]) => [one, resultOf(body)])), output };
}

/** pytest's exit status, the case of the verifier itself, and the checks that failed. */
export function unlikeLabgrid(board: BoardName, { exitCode, cases, output }: PytestRun): string {
  const failed = [...cases].filter(([, result]) => result === 'failure' || result === 'error').map(([name]) => name);
  const checks = [...cases.keys()].filter((name) => name.startsWith('test_check['));
  const wanted = {
    healthy: { exitCode: 0, failed: [] },
    'no-overlay': {
      exitCode: 1,
      failed: [
        'test_verifier',
        'test_check[cma.total]',
        'test_check[area.size linux,cma]',
        'test_check[heap.node camera]',
      ],
    },
    'no-verifier': { exitCode: 1, failed: ['test_verifier'] },
    killed: { exitCode: 1, failed: ['test_verifier'] },
  }[board];
  const got = JSON.stringify({ exitCode, failed });
  if (got !== JSON.stringify(wanted))
    return `${got} instead of ${JSON.stringify(wanted)}\n${output.split('\n').slice(-8).join('\n')}`;
  const whole = board === 'healthy' || board === 'no-overlay';
  return whole && checks.length < 40 ? `only ${checks.length} checks are cases` : '';
}
