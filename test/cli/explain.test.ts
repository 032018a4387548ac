/** explain: every heap, region, symbol, value and line of a plan goes back to a place in a profile or to a fact. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readText } from '../../src/cli/files.js';
import { FACTS } from '../../src/facts/index.js';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { resolveModel } from '../../src/model/index.js';
import { closeFromKnowledge } from '../../src/plan/close.js';
import { makePlan } from '../../src/plan/index.js';
import { readProfile } from '../../src/profile/load.js';
import { render, TARGETS } from '../../src/render/index.js';
import { traceFile } from '../../src/render/trace.js';
import { VERIFIER_CHECKS } from '../../src/verify/checks.js';
import { DIAGNOSES } from '../../src/verify/diagnoses.gen.js';
import { BOARDS } from '../render/examples.js';
import { dmaheap } from './run.js';

const EXAMPLE = 'schemas/examples/rockpro64.json';
/** As much of the board's device tree as a prediction needs. */
const RK3399 = {
  name: '',
  properties: {
    '#address-cells': cellsValue(2),
    '#size-cells': cellsValue(2),
    compatible: stringsValue('pine64,rockpro64', 'rockchip,rk3399'),
  },
  children: [
    {
      name: 'memory@200000',
      properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x200000, 0, 0x7fe00000) },
    },
  ],
};
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

test('a misspelt name gets a suggestion, with and without a DTB', async () => {
  const { exit, stderr } = await dmaheap(['explain', 'heap:vido', EXAMPLE]);
  expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining('did you mean heap:video?') });
  const directory = mkdtempSync(join(tmpdir(), 'dmaheap-explain-'));
  const dtb = join(directory, 'board.dtb');
  writeFileSync(dtb, writeFdt(makeFdt(RK3399)));
  for (const [subject, near] of [
    ['heap:vido', 'heap:video'],
    ['region:linux,cna', 'region:linux,cma'],
  ] as const) {
    const placed = await dmaheap(['explain', subject, EXAMPLE, '--dtb', dtb]);
    expect({ subject, exit: placed.exit, stderr: placed.stderr }).toEqual({
      subject,
      exit: 2,
      stderr: expect.stringContaining(`did you mean ${near}?`),
    });
  }
  rmSync(directory, { recursive: true });
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

/** Its plan as `generate` closes it, with every target. */
function boardPlan(file: string) {
  const loaded = readProfile(file, readText).value;
  const model = loaded && resolveModel(loaded, {}).value;
  const made = model && makePlan(model).value;
  const plan = made && closeFromKnowledge(made).plan;
  if (loaded === undefined || plan === undefined) throw new Error(`${file}: no plan`);
  return { plan, loaded };
}

test.each(BOARDS)(
  'every line of every file for %s is explained with its text, and each value with its place',
  (board) => {
    const { plan, loaded } = boardPlan(`schemas/examples/${board}.json`);
    let withValues = 0;
    let placed = 0;
    for (const { name } of TARGETS) {
      const context = { version: '1', targets: [name] };
      for (const { path, text } of render(plan, context).value ?? []) {
        // The verifier's sources are copied as they are.
        if (path.includes('/native/')) continue;
        const lines = traceFile(plan, context, `out/${path}`) ?? [];
        expect(lines.map((line) => line.text).join('\n')).toBe(text);
        for (const { text: line, values } of lines)
          for (const { value, text: written } of values) {
            withValues += 1;
            expect(line, path).toContain(written.split('\n')[0]);
            // What the profile states word by word must be in the line that the explanation names.
            const pointer = value.at?.pointer;
            const span = pointer === undefined ? undefined : loaded.spanOf(pointer);
            if (span === undefined || !/^\/access\/.+\/(group|mode|gid)$/.test(pointer ?? '') || name === 'android')
              continue;
            placed += 1;
            const stated = typeof value.value === 'number' ? `0${value.value.toString(8)}` : String(value.value);
            expect(loaded.sources.get(span.file)?.line(span.line), `${path}: ${line}`).toContain(stated);
          }
      }
    }
    expect(withValues).toBeGreaterThan(50);
    expect(placed).toBeGreaterThan(10);
  },
);

test('a line is that of generate with a kernel description, also in a target that the profile does not have', async () => {
  const work = mkdtempSync(join(tmpdir(), 'dmaheap-explain-'));
  try {
    const board = { extends: [resolve('schemas/examples/qemu-virt-arm64.json')], targets: { udev: {} } };
    const kernel = { version: { min: '6.12', max: '6.12' }, description: 'linux-6.12' };
    writeFileSync(join(work, 'board.json'), JSON.stringify({ version: 1, name: 'b', ...board, kernel }));
    expect((await dmaheap(['generate', 'board.json', '-o', 'out', '--target', 'kbuild'], work)).exit).toBe(0);
    const lines = readFileSync(join(work, 'out/kbuild/dmaheap.config'), 'utf8').split('\n');
    const options = lines.flatMap((line, i) => (line.startsWith('CONFIG_') ? [[line, i + 1] as const] : []));
    expect(options.length).toBeGreaterThan(4);
    for (const [line, number] of options) {
      const { stdout } = await dmaheap(['explain', `out/kbuild/dmaheap.config:${number}`, 'board.json'], work);
      expect(stdout.split('\n')[0]).toBe(`kbuild/dmaheap.config:${number}: ${line}`);
    }
  } finally {
    rmSync(work, { recursive: true });
  }
});

test('a line names the place of each value: the mode is not where the heap is', async () => {
  const { plan } = boardPlan('schemas/examples/imx8mp-evk.json');
  const rules = render(plan, { version: '1', targets: ['udev'] }).value?.find(({ path }) => path.endsWith('.rules'));
  const number = (rules?.text.split('\n').findIndex((line) => line.includes('MODE=')) ?? -1) + 1;
  const { stdout } = await dmaheap(['explain', `udev/70-dmaheap.rules:${number}`, 'schemas/examples/imx8mp-evk.json']);
  expect(stdout).toMatch(/^ {4}"0660": (?:the default of )?\/access\/[a-z]+\/mode \[/m);
  expect(stdout).toMatch(/^ {4}the template is templates\/udev\/70-dmaheap\.rules\.udev\.hbs:\d+$/m);
  expect(stdout).not.toContain('anyName');
});

test('a path below /dev/dma_heap is the heap that it leads to, with the kernels and the reason', async () => {
  const at = async (name: string, kernel: string) =>
    (await dmaheap(['explain', `/dev/dma_heap/${name}`, EXAMPLE, '--kernel', kernel])).stdout.split('\n');
  const [title, node, next] = await at('linux,cma', '6.12');
  expect(title).toBe('/dev/dma_heap/linux,cma is the heap video');
  expect(node).toMatch(/^ {4}the kernel makes this node \[fact heap\.cma-names, drivers\/dma-buf\/heaps\/cma_heap\.c/);
  expect(next).not.toContain('link');
  expect((await at('default_cma_region', '6.12')).slice(1, 3)).toEqual([
    expect.stringContaining('from 6.17; the profile does not include these kernels'),
    expect.stringContaining('a link of this name to linux,cma: programs for another kernel open this name'),
  ]);
  expect((await at('reserved', '6.12'))[1]).toContain(
    `a link of this name to linux,cma: it is an alias of the profile [${BASE}:17:32]`,
  );
  const all = (await dmaheap(['explain', '/dev/dma_heap/linux,cma', EXAMPLE])).stdout;
  expect(all).toContain('the kernel makes this node (before 6.17)');
  expect(all).toContain('to default_cma_region where the kernel does not make the node');
  const { exit, stderr } = await dmaheap(['explain', '/dev/dma_heap/linux-cma', EXAMPLE]);
  expect({ exit, stderr }).toEqual({
    exit: 2,
    stderr: expect.stringContaining('did you mean /dev/dma_heap/linux,cma?'),
  });
});

test('a summary for one kernel names no other kernel', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'dmaheap-explain-'));
  const { stdout } = await dmaheap(
    ['generate', join(process.cwd(), EXAMPLE), '-o', 'out', '--kernel', '6.12'],
    directory,
  );
  rmSync(directory, { recursive: true });
  expect(stdout).toContain('    /dev/dma_heap/linux,cma\n    /dev/dma_heap/reserved (alias)\n');
  expect(stdout).not.toMatch(/before|from 6\.|if the kernel/);
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

test.each([
  ['linux,cma', 'region:linux,cma'],
  ['video', 'heap:video'],
  ['vidoe', 'heap:video'],
  ['/access/vidoe', '/access/video'],
  ['/regions/linux,cm/size', '/regions/linux,cma/size'],
])('%s is led to %s', async (subject, near) => {
  const { exit, stderr } = await dmaheap(['explain', subject, EXAMPLE]);
  expect([exit, stderr]).toEqual([2, expect.stringContaining(`fix: did you mean ${near}?`)]);
  expect((await dmaheap(['explain', near, EXAMPLE])).exit).toBe(0);
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

test('each name that diagnose, check and the verifier print has an entry', async () => {
  const { CAUSES } = await import('../../src/diagnose/causes/index.js');
  const { CHECKS_WITH_CONFIRM } = await import('../../src/check/index.js');
  // This one is replaced by the name that the verifier gave.
  const causes = CAUSES.map(({ id }) => id).filter((id) => id !== 'verifier');
  const names = [...new Set([...causes, 'undecided', ...CHECKS_WITH_CONFIRM.map(({ id }) => id)])];
  const core = readdirSync('native/core').map((file) => readFileSync(`native/core/${file}`, 'utf8'));
  const ofVerifier = core.flatMap((text) => [...text.matchAll(/\{"([a-z.-]+)", SCOPE_/g)].map(([, id = '']) => id));
  expect(Object.keys(VERIFIER_CHECKS).sort()).toEqual([...ofVerifier].sort());
  names.push(...ofVerifier);
  expect(names.length).toBeGreaterThan(100);
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
