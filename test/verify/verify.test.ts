import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { buildNative } from '../../src/build/native.js';
import { render } from '../../src/render/index.js';
import { type VerifyReport, verifySystem } from '../../src/verify/index.js';
import { BOARDS, examplePlan } from '../render/examples.js';

const root = mkdtempSync(path.join(tmpdir(), 'dmaheap-verify-'));
afterAll(() => rmSync(root, { recursive: true }));

function file(name: string, text: string): string {
  const at = path.join(root, name);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, text);
  return at;
}

const built = await buildNative();

test('the addon is built by this machine', () => {
  expect(built.missing).toEqual([]);
  expect(built.files.length).toBe(2);
});

test('a board without heap support is told which symbols it lacks', async () => {
  file('proc/meminfo', 'MemTotal: 1024 kB\n');
  file('proc/sys/kernel/osrelease', '6.12.1\n');
  file('boot/config-6.12.1', 'CONFIG_MMU=y\n# CONFIG_DMABUF_HEAPS is not set\n');
  const expectation = file(
    'verify.expect',
    'dmaheap-expect 1\nconfig symbol=DMABUF_HEAPS value=y\nheap name=camera kind=cma\nnode heap=camera name=linux,cma\n',
  );
  const { value, diagnostics } = await verifySystem({ root, expect: expectation });
  expect(diagnostics).toEqual([]);
  expect(value?.summary).toMatchObject({ verdict: 'fail', exitCode: 1, heapsProbed: 0 });
  expect(value?.results.length).toBe(value?.planned);
  expect(value?.results.find((r) => r.id === 'heap.support')).toMatchObject({
    status: 'fail',
    errnoName: 'ENOENT',
    diagnosis: 'HEAP_SUPPORT_MISSING',
    cause: 'this kernel was built without CONFIG_DMABUF_HEAPS=y',
    fix: expect.stringMatching(/^add CONFIG_DMABUF_HEAPS=y to the kernel configuration .* and rebuild$/),
  });
});

test('an invalid expectation is a located finding, not a report', async () => {
  const expectation = file('bad.expect', 'dmaheap-expect 1\nheap name=a kind=cow\n');
  const { value, diagnostics } = await verifySystem({ root, expect: expectation });
  expect(value).toBeUndefined();
  expect(diagnostics).toMatchObject([
    { code: 'verify/expectation', message: "kind='cow' is not known", span: { file: expectation, line: 2 } },
  ]);
});

test('an expectation that is not there is a finding too', async () => {
  const { diagnostics } = await verifySystem({ root, expect: path.join(root, 'none') });
  expect(diagnostics).toMatchObject([
    {
      code: 'verify/expectation',
      message: expect.stringMatching(/^cannot read .*none: the file does not exist$/),
      fix: expect.stringMatching(/^give /),
    },
  ]);
});

test('what is named and cannot be used is refused in words by the program and the addon, with what to give', async () => {
  const nowhere = path.join(root, 'nowhere');
  for (const [options, words] of [
    [{ expect: root }, `cannot read ${root}: it is a directory`],
    [{ root: nowhere }, `--root ${nowhere}: the directory does not exist`],
  ] as const) {
    const { diagnostics } = await verifySystem(options);
    expect(diagnostics).toMatchObject([{ message: words, fix: expect.stringMatching(/^give /) }]);
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    for (const mode of [
      [],
      ...('root' in options ? [['--owners'], ['--bench'], ['--watch', '1', '--rounds', '1']] : []),
    ]) {
      const { exitCode, stderr } = await execa('dist/native/host/dmaheap-verify', [...args, ...mode], {
        reject: false,
      });
      expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/^dmaheap-verify: .*\n {2}fix: give /)]);
      expect(stderr).toContain(words);
    }
  }
});

const ajv = new Ajv2020({ allowUnionTypes: true });
const shape = (name: string) => ajv.compile(JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8')));
const validate = shape('report');

const image = (name: string, config: string) => {
  file(`${name}/proc/meminfo`, 'MemTotal: 1024 kB\nCmaTotal: 65536 kB\nCmaFree: 65536 kB\n');
  file(`${name}/proc/sys/kernel/osrelease`, '6.12.1\n');
  if (config !== '') file(`${name}/boot/config-6.12.1`, config);
  return path.join(root, name);
};
const NO_HEAPS = 'CONFIG_CMA=y\nCONFIG_DMA_CMA=y\n# CONFIG_DMABUF_HEAPS is not set\n';
const LACKS = 'CONFIG_DMABUF_HEAPS=y and one of CONFIG_DMABUF_HEAPS_SYSTEM=y, CONFIG_DMABUF_HEAPS_CMA=y';

test('without an expectation a board without heaps is a skip that names cause and fix', async () => {
  const { value } = await verifySystem({ root: image('stock', NO_HEAPS) });
  expect(value?.summary).toMatchObject({ verdict: 'nothing-testable', exitCode: 4, fail: 0 });
  expect(value?.results.find((r) => r.id === 'heap.support')).toMatchObject({
    status: 'skip',
    errno: null,
    diagnosis: 'HEAP_SUPPORT_MISSING',
    cause: `this kernel was built without ${LACKS}`,
    fix: expect.stringMatching(new RegExp(`^add ${LACKS} to the kernel configuration .* and rebuild$`)),
    evidence: ['/sys/class/dma_heap has 0 entries; configuration from /boot/config-6.12.1'],
  });
  const unread = (await verifySystem({ root: image('unread', '') })).value?.results.find(
    (r) => r.id === 'heap.support',
  );
  expect(unread?.cause).toBe(`this kernel was built without ${LACKS} (with CONFIG_CMA=y and CONFIG_DMA_CMA=y)`);
  expect(unread?.evidence[0]).toMatch(/see the \.config .*: no \/proc\/config\.gz .*, no \/boot\/config-6\.12\.1$/);
});

test.each([
  ['human', 4],
  ['json', 4],
  ['ktap', 4],
  ['junit', 4],
  ['automake', 77],
  ['lava', 0],
  ['prometheus', 4],
])('%s stays what its readers take when a skip has a cause, and exits with %i', async (format, status) => {
  const args = ['--format', format, '--no-timing', '--root', image('stock', NO_HEAPS)];
  const { stdout, exitCode } = await execa('dist/native/host/dmaheap-verify', args, { reject: false });
  expect(exitCode).toBe(status);
  expect(stdout).toContain('HEAP_SUPPORT_MISSING');
  expect(stdout).toContain(`this kernel was built without ${LACKS}`);
  expect(stdout).toContain(`add ${LACKS} to the kernel configuration`);
  if (format === 'json') {
    validate(JSON.parse(stdout));
    expect(validate.errors).toBeNull();
  }
  const grammar = {
    ktap: /^(KTAP version 1|1\.\.\d+|ok \d+ [a-z0-9_.-]+( # SKIP .+)?|# (?!SKIP|Subtest).+)$/,
    automake: /^((PASS|SKIP): [a-z0-9_.-]+|# .+)$/,
    // https://prometheus.io/docs/instrumenting/exposition_formats: other comments are passed over
    prometheus: /^(dmaheap_\w+(\{(\w+="[^"\\]*",?)+\})? \d+|# (HELP|TYPE) dmaheap_\w+ .+|# [a-z]+: .+)$/,
  }[format];
  if (grammar) for (const line of stdout.split('\n')) expect(line).toMatch(grammar);
  if (format === 'lava') {
    const told = await execa('sh', [
      '-e',
      '-c',
      `lava() { echo "$1 $3"; }; ${stdout.replaceAll('lava-test-case', 'lava')}`,
    ]);
    expect(told.stdout).toContain('heap.support skip\n');
    expect(told.stdout).toMatch(/\ndmaheap-verify skip$/);
    expect(told.stderr).toBe('');
  }
  if (format === 'junit') {
    const script =
      'import sys, xml.etree.ElementTree as e; s = [c for c in e.parse(sys.stdin).iter("skipped") if c.get("type")]; print(len(s), s[0].get("message"), s[0].get("type"), "fix: add CONFIG_" in s[0].text)';
    const read = await execa('python3', ['-c', script], { input: stdout });
    expect(read.stdout).toBe('1 no /dev/dma_heap HEAP_SUPPORT_MISSING True');
  }
});

test.each(['docs', 'docs/zh-CN'])(
  '%s: the page about heaps that are not there shows what the program prints',
  async (at) => {
    const shown = /^ {4}# dmaheap-verify\n((?: {4}.*\n)+)/m.exec(readFileSync(`${at}/no-dev-dma-heap.md`, 'utf8'))?.[1];
    const args = ['--no-timing', '--root', image('stock', NO_HEAPS)];
    const { stdout } = await execa('dist/native/host/dmaheap-verify', args, { reject: false });
    const lines = stdout.split('\n');
    const found = lines.find((line) => line.includes('heap.support'));
    const causes = lines.slice(lines.findIndex((line) => line.startsWith('1 of ')));
    const wanted = [found, ...causes.filter((line) => line !== '')].map((line) => `    ${line}\n`).join('');
    expect(shown).toBe(wanted);
  },
);

test.each(['owners', 'bench'])('--%s prints JSON of its shipped schema', async (mode) => {
  file('proc/77/comm', 'a "b"\n');
  file('proc/77/fdinfo/3', 'pos:\t0\nflags:\t02000000\nino:\t8\nsize:\t8192\ncount:\t1\nexp_name:\tlinux,cma\n');
  file('sys/kernel/mm/cma/linux,cma/alloc_pages_success', '2\n');
  const { stdout } = await execa('dist/native/host/dmaheap-verify', [`--${mode}`, '--json', '--root', root], {
    reject: false,
  });
  const valid = shape(mode);
  valid(JSON.parse(stdout));
  expect(valid.errors).toBeNull();
});

test('the program and the addon print reports of the shipped schema', async () => {
  const expectation = path.join(root, 'verify.expect');
  const program = await execa('dist/native/host/dmaheap-verify', ['--json', '--root', root, '--expect', expectation], {
    reject: false,
  });
  expect(program.exitCode).toBe(1);
  validate(JSON.parse(program.stdout));
  expect(validate.errors).toBeNull();
  const { value } = await verifySystem({ root, expect: expectation });
  validate(value);
  expect(validate.errors).toBeNull();
});

test("LAVA is told of an expectation that cannot be read, since its shell's status says nothing", async () => {
  const missing = path.join(root, 'none');
  const args = ['--format', 'lava', '--expect', missing];
  const { exitCode, stdout } = await execa('dist/native/host/dmaheap-verify', args, { reject: false });
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'lava-test-case dmaheap-verify --result fail' });
});

test('a LAVA report that is cut off anywhere ends in a failed case, and in the status of sh', async () => {
  const expectation = path.join(root, 'verify.expect');
  const args = ['--format', 'lava', '--no-timing', '--root', root, '--expect', expectation];
  const { stdout } = await execa('dist/native/host/dmaheap-verify', args, { reject: false });
  const lines = stdout.split('\n');
  for (const kept of [1, 2, lines.length >> 1, lines.length - 2]) {
    const script = `lava() { echo "$1 $3"; }; ${lines.slice(0, kept).join('\n').replaceAll('lava-test-case', 'lava')}`;
    const told = await execa('sh', { input: script, reject: false });
    expect(told.stdout.split('\n').at(-1)).toBe('dmaheap-verify fail');
    expect(told.exitCode).toBe(1);
  }
});

test('nothing outside of the root is opened, and nothing that waits', async () => {
  const at = path.join(root, 'hostile-root');
  mkdirSync(path.join(at, 'dev/dma_heap'), { recursive: true });
  mkdirSync(path.join(at, 'proc'), { recursive: true });
  writeFileSync(path.join(root, 'outside'), 'CmaTotal: 77 kB\n');
  symlinkSync('../../outside', path.join(at, 'proc/meminfo'));
  symlinkSync('/dev/watchdog', path.join(at, 'dev/dma_heap/linux,cma'));
  await execa('mkfifo', [
    path.join(at, 'proc/cmdline'),
    path.join(at, 'dev/dma_heap/system'),
    path.join(at, 'proc/vmstat'),
  ]);
  const expectation = file(
    'hands.expect',
    'dmaheap-expect 1\ncma total-bytes=78848\nheap name=a kind=cma\nnode heap=a name=linux,cma\nheap name=b kind=system\nnode heap=b name=system\n',
  );
  const { stdout, exitCode } = await execa(
    'dist/native/host/dmaheap-verify',
    ['--json', '--limit', '5', '--root', at, '--expect', expectation],
    { reject: false, timeout: 20_000 },
  );
  expect(exitCode).toBe(1);
  const report = JSON.parse(stdout) as VerifyReport;
  const of = (id: string, heap: string | null) => report.results.find((r) => r.id === id && r.heap === heap);
  expect(of('cma.total', null)).toMatchObject({ status: 'unknown', diagnosis: null });
  expect(of('heap.node', 'a')).toMatchObject({
    diagnosis: 'NODE_NOT_A_HEAP',
    observed: expect.stringContaining('/dev/watchdog'),
  });
  expect(of('heap.node', 'b')).toMatchObject({ diagnosis: 'NODE_NOT_A_HEAP', observed: 'not a device node' });
  for (const heap of ['a', 'b']) expect(of('open.read-only', heap)?.status).toBe('skip');
});

test('a collected board holds what a diagnosis needs, and nothing that tells people or machines apart', async () => {
  const at = path.join(root, 'board');
  const put = (name: string, text: string) => file(path.join('board', name), text);
  put(
    'proc/cmdline',
    'console=ttyS0,115200 cma=64M smsc95xx.macaddr=DC:A6:32:01:02:03 androidboot.serialno=SECRET1 SECRET2 quiet\n',
  );
  put('proc/meminfo', 'CmaTotal: 65536 kB\nCmaFree: 65000 kB\n');
  put('proc/sys/kernel/osrelease', '6.12.1\n');
  put(
    'boot/config-6.12.1',
    'CONFIG_CMA=y\nCONFIG_BUILD_SALT="SECRET3"\nCONFIG_CMDLINE="cma=8M key=SECRET4"\n# CONFIG_X is not set\n',
  );
  put('etc/group', 'root:x:0:\nvideo:x:44:alice,bob\nalice:x:1000:\n');
  put(
    'dev/kmsg',
    '5,0,0,-;Linux version 6.12.1 (builder@SECRET5) (gcc)\n6,1,12,-;cma: Reserved 64 MiB at 0x70000000\n6,2,13,-;usb 1-1: SerialNumber: SECRET6 cma\n6,3,14,-;Kernel command line: cma=64M key=SECRET7\n6,4,15,-;eth0: cma 02:03:04:05:06:07\n',
  );
  put('etc/udev/rules.d/70-a.rules', 'SUBSYSTEM=="dma_heap", MODE="0660"\nATTR{serial}=="SECRET8", MODE="0660"\n');
  put('proc/device-tree/model', 'Board\0');
  put('proc/device-tree/serial-number', 'SECRET9\0');
  put('proc/device-tree/reserved-memory/linux,cma/reusable', '');
  const { stdout } = await execa('dist/native/host/dmaheap-verify', ['--collect', '--root', at], {
    encoding: 'buffer',
  });
  const tar = path.join(root, 'board.tar');
  writeFileSync(tar, stdout);
  const names = (await execa('tar', ['tf', tar])).stdout.split('\n');
  for (const name of [
    'proc/cmdline',
    'proc/meminfo',
    'boot/config-6.12.1',
    'dmesg.txt',
    'etc/group',
    'ls-dev-dma_heap.txt',
    'owners.json',
    'machine.txt',
    'proc/device-tree/reserved-memory/linux,cma/reusable',
  ])
    if (name !== 'ls-dev-dma_heap.txt') expect(names).toContain(name);
  expect(names.at(-1)).toBe('collected.txt');
  const text = stdout.toString();
  expect(text).not.toMatch(/SECRET|alice|bob|DC:A6|02:03:04/);
  const inside = async (name: string) => (await execa('tar', ['xOf', tar, name], { stripFinalNewline: false })).stdout;
  expect(await inside('proc/cmdline')).toBe('console= cma=64M ... androidboot.serialno= ... quiet\n');
  expect(await inside('boot/config-6.12.1')).toBe(
    'CONFIG_CMA=y\nCONFIG_CMDLINE="cma=8M key="\n# CONFIG_X is not set\n',
  );
  expect(await inside('etc/group')).toBe('root:x:0:\nvideo:x:44:\n');
  expect(await inside('dmesg.txt')).toBe(
    '[    0.000000] Linux version 6.12.1\n[    0.000012] cma: Reserved 64 MiB at 0x70000000\n[    0.000014] Kernel command line: cma=64M key=\n',
  );
  expect(await inside('etc/udev/rules.d/70-a.rules')).toBe('SUBSYSTEM=="dma_heap", MODE="0660"\n');
});

test('a profile may be called anything, and every format stays readable', async () => {
  const hostile = ['"', "'", '\\', '$(x)', '`x`', '<&>', ']]>', '\n', '\u0007', '%', '#', 'é', '\u{1f600}'].join(' ');
  const name = encodeURIComponent(hostile);
  const expectation = file(
    'hostile.expect',
    `dmaheap-expect 1\nprofile name=${name}\nheap name=${name} kind=cma\nnode heap=${name} name=${name}\n`,
  );
  const run = (format: string) =>
    execa('dist/native/host/dmaheap-verify', ['--format', format, '--root', root, '--expect', expectation], {
      reject: false,
      stripFinalNewline: false,
    });
  const json = JSON.parse((await run('json')).stdout);
  expect(json.profile.name).toBe(hostile);
  expect(json.results.at(-1).heap).toBe(hostile);
  const ktap = (await run('ktap')).stdout;
  expect(ktap.match(/^(not )?ok \d+ [a-z0-9_.-]+( # SKIP .*)?$/gm)?.length).toBe(json.planned);
  const lava = await execa('sh', [
    '-c',
    `lava() { echo "$#"; }; ${(await run('lava')).stdout.replaceAll('lava-test-case', 'lava')}`,
  ]);
  const cases = lava.stdout.split('\n').filter((line) => !/^[a-z0-9_.-]+: /.test(line));
  expect(new Set(cases)).toEqual(new Set(['7', '3']));
  const junit = await execa(
    'python3',
    ['-c', 'import sys, xml.dom.minidom as m; d = m.parse(sys.stdin); print(len(d.getElementsByTagName("testcase")))'],
    {
      input: (await run('junit')).stdout,
    },
  );
  expect(Number(junit.stdout)).toBe(json.planned);
});

test.each(BOARDS)('the expectation that the templates write for %s is read whole', async (board) => {
  const { value: artifacts } = render(examplePlan(board).plan, { version: '0.0.0', targets: ['verify'] });
  const text = artifacts?.find((artifact) => artifact.path === 'verify/verify.expect')?.text ?? '';
  const { value, diagnostics } = await verifySystem({ root, expect: file('verify.expect', text) });
  expect(diagnostics).toEqual([]);
  expect(value?.profile?.name).toBe(board);
});
