/** Public logs of boards for which Debian has the device tree: the same fields, predicted from the real tree. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { dtbDirectory } from '../../src/build/fetch/index.js';
import { readFdt } from '../../src/fdt/index.js';
import { firstEntry, readReservedMemory } from '../../src/placement/reserved-nodes.js';
import { compareLog, pair } from '../placement/compare-log.js';
import { PUBLIC_LOGS } from '../placement/public-logs.js';

const KERNEL = '6.12';
const LOGS = PUBLIC_LOGS.flatMap((log) => (log.dtb === undefined ? [] : [[log.board, log, log.dtb] as const]));

describe.each(LOGS)('%s', (_board, log, [architecture, file]) => {
  const tree = async () => {
    const found = readFdt(readFileSync(path.join(await dtbDirectory(architecture, KERNEL), file))).value;
    if (found === undefined) throw new Error(file);
    return found;
  };

  test('the tree has the nodes of the table', async () => {
    const { nodes } = readReservedMemory(await tree());
    for (const { name, reg } of log.nodes) {
      const node = nodes.find((one) => one.name === name);
      const first = node && firstEntry(node);
      expect([name, node?.name, first && [first.baseAddress, first.sizeBytes]]).toEqual([
        name,
        name,
        reg === undefined ? undefined : pair(reg),
      ]);
    }
  });

  test('nothing predicted is wrong', async () => {
    const fields = compareLog(log, await tree());
    expect(fields.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    expect(fields.filter(({ verdict }) => verdict === 'right').length).toBeGreaterThan(2);
  });
});
