/** The page: every figure is that of the data, nothing a profile holds becomes markup, nothing is fetched. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { html } from '../../src/lang/html.js';
import { formatAddress, formatBytes, readableBytes } from '../../src/quantity/index.js';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-report-'));
afterAll(() => rmSync(work, { recursive: true }));

const dtb = path.join(work, 'board.dtb');
writeFileSync(
  dtb,
  writeFdt(
    makeFdt({
      name: '',
      properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2), compatible: stringsValue('x,y') },
      children: [
        {
          name: 'memory@0',
          properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x200000, 0, 0xf7e00000) },
        },
        {
          name: 'reserved-memory',
          properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2), ranges: new Uint8Array() },
          children: [
            {
              name: 'optee@30000000',
              properties: { reg: cellsValue(0, 0x30000000, 0, 0x2000000), 'no-map': new Uint8Array() },
            },
          ],
        },
      ],
    }),
  ),
);
const EXAMPLE = 'schemas/examples/rockpro64.json';

test('shows the figures of the data, and is small and whole', async () => {
  const { stdout: page, exit } = await dmaheap(['report', EXAMPLE, '--dtb', dtb]);
  const data = JSON.parse((await dmaheap(['report', EXAMPLE, '--dtb', dtb, '--format', 'json'])).stdout);
  expect(exit).toBe(0);
  expect(page.length).toBeLessThan(300_000);
  expect(page).not.toMatch(/<script|https?:|@import|url\((?!#)/);
  for (const area of data.plan.areas) {
    expect(page).toContain(formatBytes(BigInt(area.sizeBytes)));
    for (const step of area.budget.steps)
      expect(page).toContain(`${step.text}: <strong>${readableBytes(BigInt(step.resultBytes))}`);
  }
  for (const { kernel, prediction, lints } of data.kernels) {
    expect(page).toContain(`Linux ${kernel}`);
    for (const heap of prediction.heaps) expect(page).toContain(`<code>${heap.name}</code>`);
    expect(page).toContain(formatBytes(BigInt(prediction.cmaTotalBytes)));
    for (const { lint, status } of lints)
      expect(page).toMatch(
        new RegExp(`<th scope="row">${lint}</th><td>(?:(?!</td>).)*<span class="status ${status}">`),
      );
  }
  for (const segment of data.memory.banks.flatMap((bank: { segments: unknown[] }) => bank.segments)) {
    if (segment.kind === 'free') continue;
    expect(page).toContain(
      `<th scope="row">${segment.owners[0].name}</th><td>${formatAddress(BigInt(segment.baseAddress))}</td>`,
    );
  }
  expect(data.memory.banks[0].segments.map((s: { kind: string }) => s.kind)).toContain('reserved');
});

test('says and shows what place says, and ends the same way', async () => {
  const board = [EXAMPLE, '--dtb', dtb, '--kernel', '6.12', '--cmdline', 'cma=64M'];
  const error = 'cma=64M on the command line disables linux,cma';
  const place = await dmaheap(['place', ...board]);
  expect(place).toMatchObject({ exit: 1, stderr: expect.stringContaining(`error[placement/command-line]: ${error}`) });
  const { exit, stdout, stderr } = await dmaheap(['report', ...board]);
  expect({ exit, errors: stderr.match(/error\[.*/g) }).toEqual({ exit: 1, errors: place.stderr.match(/error\[.*/g) });
  expect(stdout).toContain(error);
  const json = await dmaheap(['report', ...board, '--format', 'json']);
  expect(json.exit).toBe(1);
  expect(JSON.parse(json.stdout).findings).toContainEqual(expect.objectContaining({ code: 'placement/command-line' }));
});

test('a profile that is refused gets a page that says first what is wrong, and the command ends as it did', async () => {
  const profile = path.join(work, 'refused.json');
  const good = readFileSync('schemas/examples/qemu-virt-arm64.json', 'utf8');
  const written = path.join(work, 'refused.html');
  const kinds: readonly (readonly [string, string, number])[] = [
    ['no JSON', '{', 2],
    ['against the schema', good.replace('"version": 1', '"version": 1, "colour": "red"'), 2],
    ['larger than the RAM', good.replace(/"size": "[^"]+"/g, '"size": "64G"'), 1],
  ];
  for (const [kind, text, status] of kinds) {
    writeFileSync(profile, text);
    rmSync(written, { force: true });
    const { exit, stderr } = await dmaheap(['report', profile, '-o', written]);
    expect(exit, kind).toBe(status);
    expect((await dmaheap(['validate', profile])).exit).toBe(status);
    const page = readFileSync(written, 'utf8');
    const [error = ''] = stderr.match(/(?<=error\[)[^\]]+/) ?? [];
    expect(page.indexOf('<strong>FAIL</strong>: the profile is refused: '), kind).toBeGreaterThan(0);
    expect(page.indexOf('What is wrong')).toBeLessThan(page.indexOf('Checks and evidence'));
    expect(page).toContain(`<code>${error}</code>`);
    expect(page.includes('<svg class="map wide"'), kind).toBe(status === 1);
    expect((await dmaheap(['report', profile])).stdout).toBe(page);
    // Programs read one document.
    expect(JSON.parse((await dmaheap(['report', profile, '--format', 'json'])).stdout)).toHaveProperty('diagnostics');
  }
});

test('place prints the map that the report draws', async () => {
  const { stdout } = await dmaheap(['place', EXAMPLE, '--dtb', dtb]);
  const { map } = JSON.parse((await dmaheap(['report', EXAMPLE, '--dtb', dtb, '--format', 'json'])).stdout);
  expect(map.regions.map(({ name }: { name: string }) => name)).toEqual(['optee@30000000', 'linux,cma']);
  const rows = stdout.split('\n').filter((line) => /^ *0x[0-9a-f]+ [|~]/.test(line));
  for (const { name, baseAddress } of map.regions) {
    const row = rows.find((line) => line.includes(`  ${name} (`));
    expect(row).toMatch(new RegExp(`^ *${formatAddress(BigInt(baseAddress))} `));
  }
  expect(rows.some((line) => line.includes('|??????|'))).toBe(true);
  for (const line of rows) expect(line.length).toBeLessThanOrEqual(80);
});

test('without a device tree the map has what the profile states, and the page states what is missing', async () => {
  const { stdout: page, exit } = await dmaheap(['report', 'schemas/examples/qemu-virt-arm64.json']);
  expect(exit).toBe(0);
  expect(page).toContain('<svg class="map wide"');
  expect(page).toContain("The board's device tree is not given (--dtb)");
  expect(page).toMatch(/<th scope="row">board<\/th><td><span class="status not-run">/);
});

test('a title cannot become markup', async () => {
  const profile = path.join(work, 'hostile.json');
  const text = readFileSync(EXAMPLE, 'utf8').replace(
    '"Pine64 RockPro64"',
    JSON.stringify(`</title><script>alert("x")</script>&'`),
  );
  writeFileSync(
    profile,
    text.replace('soc/rk3399.json', path.relative(work, path.resolve('schemas/examples/soc/rk3399.json'))),
  );
  const { stdout: page, exit } = await dmaheap(['report', profile]);
  expect(exit).toBe(0);
  expect(page).not.toContain('<script');
  expect(page).toContain('&lt;/title&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;');
});

test('only Html is markup', () => {
  expect(html`<p title="${'"<&>\''}">${[html`<b>${'<'}</b>`, '<', undefined, false, 3n]}</p>`.markup).toBe(
    '<p title="&quot;&lt;&amp;&gt;&#39;"><b>&lt;</b>&lt;3</p>',
  );
});

test('shows what the board said', async () => {
  const file = path.join(work, 'verify.json');
  writeFileSync(
    file,
    JSON.stringify({
      schemaVersion: 1,
      kernel: { release: '6.12.1', machine: 'aarch64', pageBytes: 4096 },
      results: [
        {
          id: 'node.mode',
          heap: 'video',
          status: 'fail',
          errno: null,
          expected: '0660',
          observed: '0600',
          cause: 'no rule',
          fix: 'install the rule',
        },
      ],
      summary: { verdict: 'fail', pass: 0, fail: 1, skip: 0, unknown: 0, error: 0 },
    }),
  );
  const { stdout: page } = await dmaheap(['report', EXAMPLE, '--verify', file]);
  expect(page).toContain(
    '<span class="status fail">fail</span></td><td>0600</td><td>0660</td><td>no rule Fix: install the rule</td>',
  );
  expect((await dmaheap(['report', EXAMPLE, '--verify', EXAMPLE])).exit).toBe(2);
});

describe('side by side', () => {
  const board = ['--dtb', dtb];

  test('two kernels: the differences are those of diff, with a map of each', async () => {
    const kernels = [...board, '--kernel', '6.12', '--kernel', '7.3'];
    const { comparison } = JSON.parse((await dmaheap(['report', EXAMPLE, ...kernels, '--format', 'json'])).stdout);
    const diff = JSON.parse((await dmaheap(['diff', EXAMPLE, ...kernels, '--format', 'json'])).stdout);
    expect(comparison.changes).toEqual(diff.changes);
    expect(comparison.predicted).toEqual(diff.predicted);
    expect(comparison.from).toMatchObject({ ...diff.from, title: 'rockpro64.json, Linux 6.12' });
    expect(comparison.to).toMatchObject({ ...diff.to, title: 'rockpro64.json, Linux 7.3' });
    const { stdout: page } = await dmaheap(['report', EXAMPLE, ...kernels]);
    for (const { from, to } of diff.changes) expect(page).toContain(`<td>${from}</td><td>${to}</td>`);
    for (const { text } of diff.predicted) expect(page).toContain(`<li>${text}</li>`);
    expect(page).toContain('The rest of this page is about the second.');
    for (const { map } of [comparison.from, comparison.to])
      for (const { name, baseAddress } of map.regions)
        expect(page).toContain(`<th scope="row">${name}</th><td>${formatAddress(BigInt(baseAddress))}</td>`);
    // Each picture has its own hatching, or the one that is not shown would take it away.
    const ids = [...page.matchAll(/<pattern id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('two profiles: each with its own device tree', async () => {
    const other = path.join(work, 'other.json');
    writeFileSync(
      other,
      JSON.stringify({
        version: 1,
        name: 'other',
        board: { arch: 'arm64', memory: [{ base: '0x200000', size: '0xf7e00000' }] },
        kernel: { version: '6.12' },
        inputs: { dtb: 'board.dtb' },
        regions: { 'linux,cma': { default: true, size: '96M' } },
        heaps: { video: { region: 'linux,cma' } },
        access: { video: { group: 'video' } },
      }),
    );
    const argv = ['report', EXAMPLE, '--against', other, ...board, '--kernel', '6.12'];
    const { comparison } = JSON.parse((await dmaheap([...argv, '--format', 'json'])).stdout);
    expect(comparison.changes).toContainEqual({
      part: 'area',
      name: 'linux,cma',
      aspect: 'size',
      from: '96 MiB',
      to: '168 MiB',
    });
    expect(comparison.predicted).not.toBeNull();
    const { stdout: page } = await dmaheap(argv);
    expect(page).toContain('<td>96 MiB</td><td>168 MiB</td>');
    const without = JSON.parse((await dmaheap(['report', EXAMPLE, '--against', other, '--format', 'json'])).stdout);
    expect(without.comparison.predicted).toBeNull();
  });

  test('more than two kernels are refused, and a profile that is wrong is named', async () => {
    const three = ['6.1', '6.12', '7.3'].flatMap((one) => ['--kernel', one]);
    expect(await dmaheap(['report', EXAMPLE, ...three])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('the report compares two kernels'),
    });
    expect(await dmaheap(['report', EXAMPLE, '--against', 'nowhere.json'])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('nowhere.json'),
    });
  });
});
