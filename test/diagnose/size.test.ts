/** Long lines and long pastes: a log with a core file or with JSON in it is read in the time that its length needs. */
import { expect, test } from 'vitest';
import { diagnose } from '../../src/diagnose/index.js';

const secondsFor = (text: string): number => {
  const before = process.cpuUsage();
  diagnose([{ file: 'paste.txt', text }]);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};
const lines = (line: string) => `${line}\n`.repeat(100);

// Each took ten to fifteen seconds while patterns began at every character of a word.
test.each([
  ['one word', lines('x'.repeat(3900))],
  ['base64', lines('q83vEjRWeJ+/'.repeat(325))],
  ['JSON', lines(JSON.stringify(Object.fromEntries(Array.from({ length: 330 }, (_, i) => [`k${i}`, `v${i}`]))))],
  ['paths', lines('/usr/lib/x,y:z'.repeat(280))],
  ['numbers', Array.from({ length: 20_000 }, (_, i) => i).join('\n')],
])('%s', (_, text) => {
  expect(secondsFor(text)).toBeLessThan(6);
});

test('a fault behind a long word is found', () => {
  const fault = '# CONFIG_DMABUF_HEAPS is not set\nls: cannot access /dev/dma_heap: No such file or directory\n';
  const idsOf = (text: string) => diagnose([{ file: 'paste.txt', text }]).causes.map(({ id }) => id);
  expect(idsOf(`${'x'.repeat(3900)}\n${fault}`)).toEqual(idsOf(fault));
  expect(idsOf(fault)).not.toEqual([]);
});
