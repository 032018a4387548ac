/** The overlay as a tree is the overlay as text: dtc compiles what the template writes, and both are the same tree. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { type FdtNode, readFdt } from '../../src/fdt/index.js';
import { resolveModel } from '../../src/model/index.js';
import { makePlan } from '../../src/plan/index.js';
import { overlayOf } from '../../src/plan/overlay.js';
import { readProfile } from '../../src/profile/load.js';
import { render } from '../../src/render/index.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-overlay-'));
afterAll(() => rmSync(work, { recursive: true }));

/** Order of properties means nothing to the kernel; order of nodes decides what is placed first. */
const shape = (node: FdtNode): unknown => ({
  name: node.name,
  properties: Object.fromEntries(
    [...node.properties].map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
  ),
  children: node.children.map(shape),
});

/** What reaches no board's tree: cells for dtc, and the root's `compatible` for tools that choose overlays by it. */
function withoutScaffold(node: FdtNode): FdtNode {
  const scaffold = ['#address-cells', '#size-cells', 'ranges'];
  const strip = ({ name, properties, parent }: FdtNode, children: readonly FdtNode[]): FdtNode => ({
    name,
    parent,
    properties: new Map([...properties].filter(([property]) => parent !== undefined && !scaffold.includes(property))),
    children,
  });
  return strip(
    node,
    node.children.map((fragment) => strip(fragment, fragment.children)),
  );
}

const profiles = readdirSync('schemas/examples').filter((file) => file.endsWith('.json'));
test.each(profiles)('%s', async (file) => {
  const loaded = readProfile(`schemas/examples/${file}`, (name) => ({ text: readFileSync(name, 'utf8') })).value;
  const model = loaded && resolveModel(loaded, {}).value;
  const plan = model && makePlan(model).value;
  if (plan === undefined) throw new Error('the example is good');
  const overlay = overlayOf(plan.areas, plan.board.cells);
  const text = render(plan, { version: '0.0.0', targets: ['dt-overlay'] }).value?.find((a) =>
    a.path.endsWith('.dtso'),
  )?.text;
  expect(text === undefined).toBe(overlay === undefined);
  if (overlay === undefined || text === undefined) return;
  const source = path.join(work, `${file}.dtso`);
  writeFileSync(source, text);
  await execa('dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-o', `${source}.dtbo`, source]);
  const compiled = readFdt(readFileSync(`${source}.dtbo`)).value;
  if (compiled === undefined) throw new Error('dtc writes a tree');
  expect(shape(withoutScaffold(overlay.root))).toEqual(shape(withoutScaffold(compiled.root)));
});
