import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AddressRange,
  applyOverlay,
  type Fdt,
  type FdtNode,
  makeFdt,
  type NodeSpec,
  nodePath,
  readFdt,
  stringsValue,
  walk,
  writeFdt,
} from '../../src/fdt/index.js';

const nodeName = fc.stringMatching(/^[a-z][a-z0-9,._+-]{0,8}(@[0-9a-f]{1,4})?$/);
// A phandle is the one property that a merge changes.
const propertyName = fc.stringMatching(/^[#a-zA-Z0-9,._+?-]{1,12}$/).filter((name) => !name.endsWith('phandle'));
const properties = fc
  .uniqueArray(fc.tuple(propertyName, fc.uint8Array({ maxLength: 12 })), { selector: ([name]) => name, maxLength: 40 })
  .map((entries) => new Map(entries));

const nodeOver = (children: fc.Arbitrary<NodeSpec[]>): fc.Arbitrary<NodeSpec> =>
  fc.record({ name: nodeName, properties, children });
const some = (child: fc.Arbitrary<NodeSpec>) => fc.uniqueArray(child, { selector: ({ name }) => name, maxLength: 4 });
const node = nodeOver(some(nodeOver(some(nodeOver(fc.constant([]))))));
const root = node.map((spec): NodeSpec => ({ ...spec, name: '' }));
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const reservations: fc.Arbitrary<AddressRange[]> = fc.array(
  fc.record({ baseAddress: u64, sizeBytes: u64.filter((size) => size > 0n) }),
  { maxLength: 3 },
);

function reread(fdt: Fdt): Fdt {
  const { value, diagnostics } = readFdt(writeFdt(fdt));
  if (value === undefined) throw new Error(diagnostics.map((d) => d.message).join());
  return value;
}

/** Everything of a tree as plain data. */
function plain(at: FdtNode): unknown {
  return [at.name, [...at.properties].map(([name, value]) => [name, [...value]]), at.children.map(plain)];
}

test('what is written is read back, whole and in order', () => {
  fc.assert(
    fc.property(root, reservations, (spec, memoryReservations) => {
      const made = makeFdt(spec, { memoryReservations });
      const read = reread(made);
      expect(plain(read.root)).toEqual(plain(made.root));
      expect(read.memoryReservations).toEqual(memoryReservations);
      expect(writeFdt(read)).toEqual(writeFdt(made));
    }),
  );
});

test('a lookup finds what iteration shows', () => {
  fc.assert(
    fc.property(root, (spec) => {
      for (const at of walk(reread(makeFdt(spec)).root)) {
        // Lookups first: they may build a table that iteration must agree with.
        const found = [...(spec.properties as Map<string, Uint8Array>).keys()].filter((name) =>
          at.properties.has(name),
        );
        expect(found.every((name) => [...at.properties.keys()].includes(name))).toBe(true);
        for (const [name, value] of at.properties) expect(at.properties.get(name)).toEqual(value);
        expect(at.properties.size).toBe([...at.properties].length);
      }
    }),
  );
});

test('an overlay sets what it says and leaves the rest', () => {
  fc.assert(
    fc.property(root, fc.nat(), node, (spec, which, content) => {
      const base = reread(makeFdt(spec));
      const nodes = [...walk(base.root)];
      const path = nodePath(nodes[which % nodes.length] as FdtNode);
      const overlay = reread(
        makeFdt({
          name: '',
          children: [
            {
              name: 'fragment@0',
              properties: { 'target-path': stringsValue(path) },
              children: [{ ...content, name: '__overlay__' }],
            },
          ],
        }),
      );
      const before = writeFdt(base);
      const { value, diagnostics } = applyOverlay(base, overlay);
      expect(diagnostics).toEqual([]);
      const merged = (value as Fdt).root;
      expect(writeFdt(base)).toEqual(before);
      expect(plain(reread(value as Fdt).root)).toEqual(plain(merged));

      const target = [...walk(merged)].find((at) => nodePath(at) === path) as FdtNode;
      const origin = nodes.find((at) => nodePath(at) === path) as FdtNode;
      const given = content.properties as Map<string, Uint8Array>;
      for (const [name, bytes] of given) expect(target.properties.get(name)).toEqual(bytes);
      for (const [name, bytes] of origin.properties)
        if (!given.has(name)) expect(target.properties.get(name)).toEqual(bytes);
      const kept = origin.children.map((child) => child.name);
      expect(target.children.map((child) => child.name).filter((name) => kept.includes(name))).toEqual(kept);
    }),
  );
});
