/** What starting costs, against `node -e 0`, on each Node release that is promised and at hand. */
import path from 'node:path';
import { nodesAtHand } from '../node-releases.js';
import { interleaved, measure, rssOf, secondsOf } from './measure.js';
import type { Row } from './table.js';

const PROFILE = 'schemas/examples/rockpro64.json';
const PROGRAM = path.resolve('dist/dmaheap.mjs');

export function bench(rounds: number): Row[] {
  return nodesAtHand().flatMap(({ release, binary }) => {
    const run =
      (...args: string[]) =>
      () =>
        measure([binary, ...args]);
    const series = interleaved(rounds, {
      node: run('-e', '0'),
      version: run(PROGRAM, '--version'),
      validate: run(PROGRAM, 'validate', '--quiet', PROFILE),
      place: run(PROGRAM, 'place', PROFILE),
    });
    const row = (name: string, goal: number): Row => ({
      what: `${name}, Node ${release}`,
      unit: 's of CPU',
      ours: secondsOf(series, name),
      peer: { name: 'node -e 0', values: secondsOf(series, 'node') },
      goal,
      rssMiB: rssOf(series, name),
    });
    return [row('version', 1.25), row('validate', 2), row('place', 2.5)];
  });
}
