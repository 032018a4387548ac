/** explain: every heap, region, symbol, value and line of a plan goes back to a place in a profile or to a fact. */
import { expect, test } from 'vitest';
import { FACTS } from '../../src/facts/index.js';
import { DIAGNOSES } from '../../src/verify/diagnoses.gen.js';
import { dmaheap } from './run.js';

const EXAMPLE = 'schemas/examples/rockpro64.json';
const BASE = 'schemas/examples/soc/rk3399.json';

test('a heap by its logical name, with the file each part was written in', async () => {
  const { exit, stdout } = await dmaheap(['explain', 'heap:video', EXAMPLE]);
  expect(exit).toBe(0);
  expect(stdout).toContain(`your own name, which does not change with the kernel [${BASE}:15:14]`);
  expect(stdout).toContain(`an alias, by udev [${BASE}:17:19]`);
  expect(stdout).toContain(`group video [${EXAMPLE}:41:16]`);
  expect(stdout).toContain('fact heap.cma-names, drivers/dma-buf/heaps/cma_heap.c');
});

test('any of its names under /dev/dma_heap leads to it', async () => {
  const first = (await dmaheap(['explain', 'heap:video', EXAMPLE])).stdout;
  expect((await dmaheap(['explain', 'heap:default_cma_region', EXAMPLE])).stdout).toBe(first);
  expect((await dmaheap(['explain', 'heap:reserved', EXAMPLE])).stdout).toBe(first);
});

test('a misspelt name gets a suggestion', async () => {
  const { exit, stderr } = await dmaheap(['explain', 'heap:vido', EXAMPLE]);
  expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining('did you mean heap:video?') });
});

test('a value and a default, with what the schema says', async () => {
  const written = (await dmaheap(['explain', '/access/video/group', EXAMPLE])).stdout;
  expect(written).toContain(`/access/video/group is "video"\n    written here [${EXAMPLE}:41:16]\n`);
  expect((await dmaheap(['explain', '/access/video/mode', EXAMPLE])).stdout).toContain('"0660", the default');
  expect((await dmaheap(['explain', '/access/video/mood', EXAMPLE])).exit).toBe(2);
});

test('a symbol of the fragment without a kernel tree', async () => {
  const { stdout } = await dmaheap(['explain', 'CONFIG_DMABUF_HEAPS_CMA', EXAMPLE]);
  expect(stdout).toContain('CONFIG_DMABUF_HEAPS_CMA=y\n');
  expect(stdout).toContain('fact kconfig.cma-heap-needs, drivers/dma-buf/heaps/Kconfig');
});

test('every line of every generated file is explained, and its text is that of the file', async () => {
  const { readProfile, makePlan, resolveModel, render } = await import('../../src/index.js');
  const { readText } = await import('../../src/cli/files.js');
  const { closeFromKnowledge } = await import('../../src/plan/close.js');
  const { traceLine } = await import('../../src/render/trace.js');
  const loaded = readProfile(EXAMPLE, readText).value;
  const model = loaded && resolveModel(loaded, {}).value;
  const made = model && makePlan(model).value;
  const plan = made && closeFromKnowledge(made).plan;
  if (plan === undefined) throw new Error('no plan');
  const artifacts = render(plan, { version: '1' }).value ?? [];
  expect(artifacts.length).toBeGreaterThan(5);
  let withValues = 0;
  for (const { path, text } of artifacts)
    for (const [i, line] of text.split('\n').entries()) {
      // The verifier's sources are copied as they are.
      if (path.includes('/native/')) break;
      const traced = traceLine(plan, { version: '1' }, `out/${path}`, i + 1);
      expect(traced?.text, `${path}:${i + 1}`).toBe(line);
      withValues += Number((traced?.values.length ?? 0) > 0);
    }
  expect(withValues).toBeGreaterThan(50);
});

test('a line that a file does not have', async () => {
  const { exit, stderr } = await dmaheap(['explain', 'out/udev/70-dmaheap.rules:500', EXAMPLE]);
  const [, count] =
    /^dmaheap: udev\/70-dmaheap\.rules of \S+ has (\d+) lines\n {2}fix: give a line from 1 to \1\n$/.exec(stderr) ?? [];
  expect(exit).toBe(2);
  const last = await dmaheap(['explain', `udev/70-dmaheap.rules:${count}`, EXAMPLE]);
  expect(last.exit).toBe(0);
  expect((await dmaheap(['explain', 'udev/no-such-file:1', EXAMPLE])).stderr).toContain(
    'does not have udev/no-such-file',
  );
});

test('a line names its template, its value, and where the value was written', async () => {
  const { stdout } = await dmaheap(['explain', 'out/verify/verify.expect:4', EXAMPLE, '--format', 'json']);
  const { title, origins } = JSON.parse(stdout);
  expect(title).toContain('verify/verify.expect:4: profile name=rockpro64');
  expect(origins[0]).toMatchObject({ pointer: '/name', span: { file: EXAMPLE, line: 5 } });
});

test('a diagnosis that nobody observed is explained in whole words, the symbols of heaps included', async () => {
  const { stdout } = await dmaheap(['explain', 'HEAP_SUPPORT_MISSING']);
  const symbols = ['DMABUF_HEAPS', 'DMABUF_HEAPS_SYSTEM', 'DMABUF_HEAPS_CMA', 'CMA', 'DMA_CMA'];
  for (const symbol of symbols) expect(stdout).toContain(`CONFIG_${symbol}=y`);
  const json = JSON.parse((await dmaheap(['explain', 'HEAP_SUPPORT_MISSING', '--format', 'json'])).stdout);
  expect(stdout).toBe(`HEAP_SUPPORT_MISSING: ${json.cause}\n    fix: ${json.fix}\n`);
  for (const { id, cause, fix } of DIAGNOSES)
    for (const text of [cause, fix]) expect(text, id).toMatch(/^(?!.*(\.\.|[{}]|''|\(\)|: ?$)).+$/);
});

test('each name that diagnose and check print has an entry', async () => {
  const { CAUSES } = await import('../../src/diagnose/causes/index.js');
  const { CHECKS_WITH_CONFIRM } = await import('../../src/check/index.js');
  // This one is replaced by the name that the verifier gave.
  const causes = CAUSES.map(({ id }) => id).filter((id) => id !== 'verifier');
  const names = [...new Set([...causes, 'undecided', ...CHECKS_WITH_CONFIRM.map(({ id }) => id)])];
  expect(names.length).toBeGreaterThan(60);
  for (const name of names)
    expect(await dmaheap(['explain', name]), name).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(new RegExp(`^${name}: .{20}`)),
    });
});

test('a diagnosis of the verifier and a fact have entries too', async () => {
  expect(DIAGNOSES.length).toBeGreaterThan(60);
  expect((await dmaheap(['explain', 'HEAP_RENAMED'])).stdout).toMatch(/^HEAP_RENAMED: .*\n {4}fix: /);
  const [fact = ''] = FACTS.keys();
  expect((await dmaheap(['explain', fact])).stdout).toContain(`${fact}: `);
});
