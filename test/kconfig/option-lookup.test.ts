import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lookupOptions, optionsOf } from '../../src/kconfig/option-line.js';

const NAMES = ['A', 'AB', 'A_B', 'CONFIG_A'];
const name = fc.constantFrom(...NAMES);
const line = fc.oneof(
  fc
    .tuple(name, fc.constantFrom('y', 'm', 'n', '5', '"CONFIG_A=y"', '"a', '', ' y', '0x1f'))
    .map(([n, v]) => `CONFIG_${n}=${v}`),
  name.map((n) => `# CONFIG_${n} is not set`),
  fc
    .tuple(
      fc.constantFrom('#CONFIG_A is not set', ' CONFIG_A=y', '# CONFIG_A is set', 'x CONFIG_AB=y', ''),
      fc.constantFrom('', '\r'),
    )
    .map((parts) => parts.join('')),
);

test('a lookup finds what reading every line finds', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const text = lines.join('\n');
      const all = optionsOf(text);
      const lookup = lookupOptions(text);
      for (const symbol of [...NAMES, 'B', '']) {
        const { offset: _, ...expected } = all.get(symbol) ?? { offset: 0 };
        const { offset: __, ...found } = lookup.get(symbol) ?? { offset: 0 };
        expect(found).toEqual(expected);
      }
    }),
    { numRuns: 2000 },
  );
});
