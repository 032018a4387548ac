/** `npm run facts:check -- TREE...`: says of every fact whether a kernel tree still bears it out. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { holdFacts, versionOfTree } from '../facts/hold.js';
import { compareKernelVersions, FACTS, formatKernelVersion, OLDEST_KERNEL } from '../facts/index.js';

/** @returns undefined when there is no such file */
function read(directory: string, file: string): string | undefined {
  try {
    return readFileSync(path.join(directory, file), 'utf8').replaceAll('\r\n', '\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @returns whether every fact that can be read from the tree holds; undefined when it is not a kernel tree */
function check(directory: string, quiet: boolean): boolean | undefined {
  const version = versionOfTree(read(directory, 'Makefile') ?? '');
  if (version === undefined) {
    console.error(`${directory}: not a kernel tree: its Makefile does not state VERSION and PATCHLEVEL`);
    return undefined;
  }
  if (compareKernelVersions(version, OLDEST_KERNEL) < 0) {
    const [has, oldest] = [formatKernelVersion(version), formatKernelVersion(OLDEST_KERNEL)];
    console.error(`${directory}: it is Linux ${has}, and the facts begin with ${oldest}`);
    return undefined;
  }
  const held = holdFacts(FACTS.values(), { version, read: (file) => read(directory, file) });
  console.log(`${directory}: kernel ${formatKernelVersion(version)}`);
  for (const { id, status, reason, expected } of held) {
    if (quiet && status !== 'changed' && status !== 'unknown') continue;
    const value = expected === undefined ? '' : ` = ${JSON.stringify(expected.value)}`;
    console.log(`  ${status.padEnd(10)} ${id}${value}${reason === undefined ? '' : `: ${reason}`}`);
  }
  const count = (status: string) => held.filter((h) => h.status === status).length;
  console.log(
    `  ${count('holds')} hold, ${count('changed')} changed, ${count('unknown')} unknown, ${count('unreadable')} cannot be read from source`,
  );
  return count('holds') > 0 && count('changed') + count('unknown') === 0;
}

const { values, positionals: trees } = parseArgs({
  options: { quiet: { type: 'boolean', default: false } },
  allowPositionals: true,
});
if (trees.length === 0) {
  console.error('usage: npm run facts:check -- TREE... [--quiet]');
  process.exitCode = 2;
} else {
  const results = trees.map((directory) => check(directory, values.quiet));
  process.exitCode = results.includes(undefined) ? 3 : results.includes(false) ? 1 : 0;
}
