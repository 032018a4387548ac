import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bootOrKept, guestKey } from './kept.js';
import type { GuestWithInputs } from './qemu.js';

let folder = '';
const at = (name: string) => path.join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'dmaheap-kept-'));
  vi.stubEnv('XDG_CACHE_HOME', at('cache'));
  await mkdir(at('disk'));
  for (const name of ['Image', 'board.dtb', 'firmware', 'disk/boot.scr'])
    await writeFile(at(name), `content of ${name}`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const guest = (more: Partial<GuestWithInputs> = {}): GuestWithInputs => ({
  command: ['qemu', '-m', '1024M', '-kernel', at('Image'), '-append', 'cma=64M', '-drive', `file=fat:${at('disk')}`],
  environment: { QEMU_MODULE_DIR: '/nowhere' },
  inputs: [at('Image'), at('disk'), at('firmware')],
  silenceSeconds: 10,
  ...more,
});

test('every input that changes gives another key, and only then', async () => {
  const { command, inputs } = guest();
  const key = await guestKey(guest());
  expect(await guestKey(guest())).toBe(key);
  const replaced = (from: string, to: string) => command.map((word) => (word === from ? to : word));
  await writeFile(at('same'), 'content of Image');
  const moved = { command: replaced(at('Image'), at('same')), inputs: [at('same'), ...inputs.slice(1)] };
  expect(await guestKey(guest(moved))).toBe(key);
  const keys = new Set([
    key,
    await guestKey(guest({ command: replaced('1024M', '2048M') })),
    await guestKey(guest({ command: replaced('cma=64M', 'cma=32M') })),
    await guestKey(guest({ environment: { QEMU_MODULE_DIR: '/elsewhere' } })),
    await guestKey(guest({ inputs: [...inputs, at('board.dtb')] })),
  ]);
  for (const name of ['Image', 'disk/boot.scr', 'disk/more', 'firmware']) {
    await writeFile(at(name), 'new');
    keys.add(await guestKey(guest()));
  }
  expect(keys.size).toBe(9);
});

test('a file that the command names is an input', async () => {
  const command = ['qemu', '-dtb', at('board.dtb')];
  await expect(guestKey(guest({ command }))).rejects.toThrow('board.dtb is not among the inputs');
});

test('a boot that came to its end is kept, and booted again on request', async () => {
  const counting = guest({ command: ['sh', '-c', 'cat /proc/sys/kernel/random/uuid; echo @@END; sleep 1'] });
  const [first, second, again] = [
    await bootOrKept(counting, false),
    await bootOrKept(counting, false),
    await bootOrKept(counting, true),
  ];
  expect([first.isKept, second.isKept, again.isKept]).toEqual([false, true, false]);
  expect([second.ending, second.console]).toEqual([first.ending, first.console]);
  expect(again.console).not.toBe(first.console);
  expect((await bootOrKept(counting, false)).console).toBe(again.console);
});

test.each([
  ['resets', 'echo no end'],
  ['panics', 'echo "---[ end Kernel panic - not syncing"'],
  ['is silent', 'echo @@; sleep 5'],
])('a guest that %s is booted each time', async (_, text) => {
  const failing = guest({ command: ['sh', '-c', text], silenceSeconds: 1 });
  for (const _time of [1, 2]) expect(await bootOrKept(failing, false)).toMatchObject({ isKept: false });
});
