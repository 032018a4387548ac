/** Which settings of a unit keep a service from a heap; npm run test:image asks a running systemd the same. */
import { expect, test } from 'vitest';
import { Image, obstacleTo, readAccounts, readService, UnitFiles } from '../../src/image/index.js';

const NODE = '/dev/dma_heap/system';

function reach(service: string, slice = ''): string {
  const files = new Map([
    ['etc/systemd/system/a.service', `[Service]\nExecStart=/bin/a\nSlice=cut-in.slice\n${service}\n`],
    ['etc/systemd/system/cut.slice', `[Slice]\n${slice}\n`],
  ]);
  const folders = new Set(['', 'etc', 'etc/systemd', 'etc/systemd/system']);
  const image = new Image(
    {
      entry: (path) =>
        folders.has(path)
          ? { kind: 'directory', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0 }
          : files.has(path)
            ? { kind: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: 0 }
            : undefined,
      list: (path) =>
        [...folders, ...files.keys()].flatMap((one) => {
          const below = path === '' ? one : one.startsWith(`${path}/`) ? one.slice(path.length + 1) : '';
          return below === '' || below.includes('/') ? [] : [below];
        }),
      bytes: (path) => (files.has(path) ? Buffer.from(files.get(path) ?? '') : undefined),
    },
    '',
  );
  const units = new UnitFiles(image);
  const unit = units.load('a.service');
  if (unit === undefined) throw new Error('the unit was not read');
  const root = { isDirectory: () => false, isFile: () => false, systemd: 252 };
  const obstacle = obstacleTo(readService(unit, readAccounts(image)), [NODE], 'dma_heap', units, root);
  return obstacle === undefined ? 'reached' : `${obstacle.setting.key}: ${obstacle.cause}`;
}

test.each<[string, string, RegExp, string?]>([
  ['nothing', '', /^reached/],
  ['a list with quotes', 'DeviceAllow="/dev/dma_heap/system" rw', /^reached/],
  ['a list with rights that do not exist', 'DeviceAllow=char-dma_heap read', /^reached/],
  ['a list with a name that is not a device', 'DeviceAllow=dma_heap rw', /^reached/],
  ['a list of another device', 'DeviceAllow=/dev/video0 rw', /^DeviceAllow: the unit has DeviceAllow=/],
  ['an empty /dev', 'TemporaryFileSystem=/dev', /^TemporaryFileSystem: /],
  ['an empty /dev below which systemd mounts /dev', 'TemporaryFileSystem=/dev\nProtectControlGroups=yes', /^reached/],
  ['an empty root in which systemd mounts /dev', 'TemporaryFileSystem=/\nMountAPIVFS=yes', /^reached/],
  ['an empty /dev/dma_heap all the same', 'TemporaryFileSystem=/dev/dma_heap\nProtectProc=invisible', /^Temporary/],
  ['the strict policy', 'DevicePolicy=strict\nDeviceAllow=char-dma_heap rw', /^DevicePolicy: .*208\/STDIN/],
  [
    'the strict policy and /dev/null',
    'DevicePolicy=strict\nDeviceAllow=char-dma_heap rw\nDeviceAllow=/dev/null r',
    /^reached/,
  ],
  [
    'the strict policy and another input',
    'DevicePolicy=strict\nDeviceAllow=char-dma_heap rw\nStandardInput=file:/etc/in',
    /^reached/,
  ],
  [
    'the strict policy of a slice',
    '',
    /^DevicePolicy: cut\.slice: /,
    'DevicePolicy=strict\nDeviceAllow=char-dma_heap rw',
  ],
  ['a policy that does not exist', 'DevicePolicy=open', /^reached/],
  ['a truth value that does not exist', 'PrivateDevices=yes\nPrivateDevices=perhaps', /^PrivateDevices: /],
  ['ProtectClock=, which alone closes nothing', 'ProtectClock=yes', /^reached/],
  ['an empty file system', 'TemporaryFileSystem=/dev/dma_heap:ro', /^TemporaryFileSystem: it mounts an empty/],
  ['one that a bind mount fills', 'TemporaryFileSystem=/dev\nBindPaths=/dev/dma_heap', /^reached/],
  ['one below a bind mount', 'BindPaths=/dev:/dev\nTemporaryFileSystem=/dev/dma_heap', /^TemporaryFileSystem: /],
  [
    'one that a list of the same path replaces',
    'TemporaryFileSystem=/dev/dma_heap\nReadOnlyPaths=/dev/dma_heap',
    /^reached/,
  ],
  ['a closed directory above a bind mount', 'InaccessiblePaths=/dev\nBindPaths=/dev/dma_heap', /^InaccessiblePaths: /],
  ['a bind mount from elsewhere', 'BindPaths=/srv/heaps:/dev/dma_heap', /^BindPaths: it mounts \/srv\/heaps/],
  ['one that is left out', 'BindPaths=-/srv/heaps:/dev/dma_heap', /^reached/],
  [
    'a path that another setting hides',
    'TemporaryFileSystem=/dev/dma_heap\nBindPaths=/dev/dma_heap/system\nInaccessiblePaths=/dev/dma_heap/reserved',
    /^InaccessiblePaths: .*does not start/,
  ],
])('%s', (_, service, expected, slice) => {
  expect(reach(service, slice)).toMatch(expected);
});
