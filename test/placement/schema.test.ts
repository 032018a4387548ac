/** What is printed is what schemas/place.schema.json promises. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect, test } from 'vitest';
import { lintPlacement, predictionToJson } from '../../src/placement/index.js';
import { type BoardText, board, boot, DEFAULT, MIB, pool, type Run, reg, size, version } from './board.js';

const schema = (name: string) => JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8'));
const validate = formats
  .default(new Ajv2020({ strict: true, strictTypes: false, allErrors: true }))
  .addSchema(schema('diagnostics'))
  .compile(schema('place'));
const printed = (text: BoardText, run: Run = {}) => ({
  schemaVersion: 1,
  kernel: run.kernel ?? '6.12',
  ...JSON.parse(JSON.stringify(predictionToJson(boot(text, run)))),
  lints: JSON.parse(
    JSON.stringify(lintPlacement({ tree: board(text), kernel: version(run.kernel ?? '6.12'), architecture: 'arm64' })),
  ),
});
const C = pool('linux,cma', size(64 * MIB) + DEFAULT);

test.each<[string, BoardText, Run]>([
  ['a good board', { nodes: C }, {}],
  ['nothing', {}, { commandLine: 'cma=0' }],
  ['a refused node', { nodes: pool('linux,cma', size(0x4001000) + DEFAULT) }, { kernel: '7.3' }],
  ['a silent loss', { nodes: pool('p', `no-map; ${size(64 * MIB)}`) }, { kernel: '7.3' }],
  ['a panic', { nodes: pool('cma@90000000', reg(0x90000000, 64 * MIB)) }, {}],
  ['corruption', { nodes: pool('cma@40000000', reg(0x40000000, 64 * MIB)) }, {}],
  ['what is not known', { memory: '', nodes: C }, { configComplete: false }],
  [
    'a crossing of zones',
    {
      memory: 'memory@0 { device_type = "memory"; reg = <0x0 0x0 0x2 0x0>; };',
      nodes: pool('c@fc000000', reg(0xfc000000, 128 * MIB)),
    },
    { occupied: [] },
  ],
])('%s', (_name, text, run) => {
  const one = printed(text, run);
  validate(one);
  expect(validate.errors).toBeNull();
  validate({ schemaVersion: 1, predictions: [one, one] });
  expect(validate.errors).toBeNull();
});

test('the schema refuses what is no prediction', () => {
  const good = printed({ nodes: C });
  expect(validate(good)).toBe(true);
  expect(validate({ ...good, outcome: 'fine' })).toBe(false);
  expect(validate({ ...good, cmaTotalBytes: 'much' })).toBe(false);
  expect(validate({ ...good, extra: 1 })).toBe(false);
  expect(validate({ ...good, areas: [{ ...good.areas[0], baseAddress: 1 }] })).toBe(false);
});
