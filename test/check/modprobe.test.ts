/** modprobe.d as kmod reads it: `modprobe --showconfig` and a dry run of modprobe are the judges. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directorySource } from '../../src/cli/image/directory.js';
import { blockOf, Image, MemberTree, moduleLines } from '../../src/image/index.js';
import { dmaheap } from '../cli/run.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-modprobe-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const env = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
const RELEASE = '6.12.0';
const HEAPS = 'kernel/drivers/dma-buf/heaps';

/** A tree of modules for dry runs. */
const kernel = path.join(work, 'kernel');
beforeAll(() => {
  const modules = path.join(kernel, 'lib/modules', RELEASE);
  mkdirSync(path.join(modules, HEAPS), { recursive: true });
  for (const name of ['system_heap', 'cma_heap'])
    execaSync('gcc', ['-c', '-x', 'c', '-', '-o', path.join(modules, HEAPS, `${name}.ko`)], { input: 'int x;\n' });
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    writeFileSync(path.join(modules, name), '');
  execaSync('depmod', ['-b', kernel, RELEASE], { env });
});

let count = 0;
function root(files: Readonly<Record<string, string>>): string {
  count += 1;
  const top = path.join(work, String(count));
  mkdirSync(path.join(top, 'etc/modprobe.d'), { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(top, file)), { recursive: true });
    writeFileSync(path.join(top, file), text);
  }
  return top;
}

/** kmod reads one directory here: --config takes the place of the search path. */
const judge = (top: string) =>
  execaSync('modprobe', ['-C', path.join(top, 'etc/modprobe.d'), '--showconfig'], { env, reject: false }).stdout;
const isLoaded = (top: string, module: string) =>
  new RegExp(`^insmod .*/${module}\\.ko`, 'm').test(
    execaSync(
      'modprobe',
      ['-C', path.join(top, 'etc/modprobe.d'), '-d', kernel, '-S', RELEASE, '-n', '-v', '-b', module],
      {
        env,
        reject: false,
      },
    ).stdout,
  );
const blocked = (top: string) => moduleLines(new Image(directorySource(top), 'image'));

const line = fc.constantFrom(
  'blacklist system_heap',
  'blacklist system-heap',
  '  blacklist\tcma_heap',
  'blacklist  cma_heap ',
  '# blacklist system_heap',
  '#blacklist cma_heap',
  'blacklist',
  'blacklisted system_heap',
  'blacklist \\\nsystem_heap',
  'install system_heap /bin/true',
  'install cma-heap /bin/false',
  'install system_heap',
  'options system_heap x=1',
  'alias heaps system_heap',
  'softdep cma_heap pre: system_heap',
  'blacklist video system_heap',
  '',
);

test('60 random configurations: what is kept out is what kmod keeps out', () => {
  let [kept, free] = [0, 0];
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), fc.array(line, { maxLength: 3 }), (a, b) => {
      const top = root({ 'etc/modprobe.d/a.conf': `${a.join('\n')}\n`, 'etc/modprobe.d/b.conf': `${b.join('\n')}\n` });
      const found = blocked(top);
      const shown = judge(top).split('\n');
      const theirs = shown.flatMap((one) => /^blacklist (\S+)/.exec(one)?.[1] ?? []);
      expect(new Set(found.filter(({ by }) => by === 'blacklist').map(({ module }) => module))).toEqual(
        new Set(theirs),
      );
      for (const module of ['system_heap', 'cma_heap']) {
        const isBlocked = blockOf(found, module) !== undefined;
        expect([module, isBlocked]).toEqual([module, !isLoaded(top, module)]);
        if (isBlocked) kept += 1;
        else free += 1;
      }
    }),
    { numRuns: 60 },
  );
  expect(Math.min(kept, free)).toBeGreaterThan(15);
}, 120_000);

test('files of the same name replace each other, and a link to /dev/null masks', () => {
  const top = root({
    'usr/lib/modprobe.d/x.conf': 'blacklist system_heap\n',
    'usr/lib/modprobe.d/y.conf': 'blacklist cma_heap\n',
    'etc/modprobe.d/x.conf': '',
  });
  symlinkSync('/dev/null', path.join(top, 'etc/modprobe.d/y.conf'));
  expect(blocked(top)).toEqual([]);
  expect(moduleLines(new Image(new MemberTree(), 'empty'))).toEqual([]);
});

test('check names the line, and only where the heap is a module', async () => {
  const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');
  const top = root({
    'etc/modprobe.d/hard.conf': '# x\nblacklist system_heap\n',
    'etc/modules-load.d/h.conf': 'system_heap\n',
  });
  for (const [value, said] of [
    ['m', true],
    ['y', false],
  ] as const) {
    writeFileSync(path.join(work, 'config'), `CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=${value}\n`);
    const { stderr } = await dmaheap(['check', profile, '--config', 'config', '--rootfs', String(count)], work);
    expect(
      /error\[config\/module-blocked\]: DMABUF_HEAPS_SYSTEM is m, .*\n(?:.*\n)*? +cause: .*hard\.conf:2 blacklists it/.test(
        stderr,
      ),
    ).toBe(said);
    expect(top).toContain(String(count));
  }
});
