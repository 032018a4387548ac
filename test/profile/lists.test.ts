/** One item for a list, and where extends looks for files. */
import { expect, test } from 'vitest';
import { readProfile } from '../../src/profile/load.js';

const BASE = {
  version: 1,
  name: 'base',
  board: { arch: 'arm64', compatible: ['acme,board'], memory: [{ base: '0x4000_0000', size: '1G' }] },
  kernel: { version: '6.12' },
  regions: { 'linux,cma': { default: true, budget: { buffers: [{ size: '1M', count: 4 }] } } },
  heaps: { camera: { region: 'linux,cma', aliases: ['camera'] } },
  access: { camera: { group: 'video', users: ['cam'] } },
};
const LONE = {
  ...BASE,
  board: { ...BASE.board, compatible: 'acme,board', memory: { base: '0x4000_0000', size: '1G' } },
  regions: { 'linux,cma': { default: true, budget: { buffers: { size: '1M', count: 4 } } } },
  heaps: { camera: { region: 'linux,cma', aliases: 'camera' } },
  access: { camera: { group: 'video', users: 'cam' } },
};

const read = (files: Record<string, object>, name: string) =>
  readProfile(name, (file) =>
    file in files ? { text: JSON.stringify(files[file], null, 1) } : { error: 'the file does not exist' },
  );

test('one item means the list of it, and is the same profile', () => {
  const [list, lone] = [read({ a: BASE }, 'a').value, read({ a: LONE }, 'a').value];
  expect(lone?.profile).toEqual(list?.profile);
  expect(lone?.sha256).toBe(list?.sha256);
  expect(lone?.spanOf('/access/camera/users/0')?.line).toBeGreaterThan(1);
});

test('what is no item is not put into a list', () => {
  for (const [users, words] of [
    [7, 'users must be array'],
    [true, 'users must be array'],
    ['not a name', 'users[0] must match'],
  ] as const) {
    const { diagnostics } = read({ a: { ...BASE, access: { camera: { group: 'video', users } } } }, 'a');
    expect(diagnostics.map(({ message }) => message)).toEqual([expect.stringContaining(words)]);
  }
});

test.each([['/soc/base.json'], '/soc/base.json', ['../soc/base.json'], '../soc/base.json', ['/soc/./base.json']])(
  'extends %j',
  (base) => {
    const files = { '/soc/base.json': BASE, '/soc/./base.json': BASE, '/boards/a.json': { extends: base, name: 'a' } };
    const { value, diagnostics } = read(files, '/boards/a.json');
    expect([value?.profile.name, diagnostics]).toEqual(['a', []]);
  },
);

test.each(['/gone.json', 'gone.json', ['gone.json']])(
  'extends %j, which is not there, is the only thing said',
  (base) => {
    const { diagnostics } = read({ '/boards/a.json': { extends: base, name: 'a' } }, '/boards/a.json');
    expect(diagnostics.map(({ code }) => code)).toEqual(['profile/cannot-read']);
    expect(diagnostics[0]?.message).toMatch(/^cannot read \/(boards\/)?gone\.json$/);
  },
);
