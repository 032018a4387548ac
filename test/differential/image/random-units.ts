/** Random services and slices with everything that keeps a process from a device node. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Dice, HEAPS } from './dice.js';

const FOLDER = 'etc/systemd/system';
const SERVICES = 4;

const DEVICES = [
  () => 'DevicePolicy=auto',
  () => 'DevicePolicy=',
  () => 'DevicePolicy=none',
  () => 'DevicePolicy=closed',
  () => 'DevicePolicy=strict',
  // Alone they rarely meet, and only together they show what strict is about.
  () => 'DevicePolicy=strict\nDeviceAllow=char-dma_heap rw',
  () => 'DeviceAllow=',
  () => 'DeviceAllow=char-dma_heap rw',
  () => 'DeviceAllow=char-dma_heap',
  () => 'DeviceAllow=char-dma_heap r',
  () => 'DeviceAllow=char-dma_* rwm',
  () => 'DeviceAllow=char-* m',
  () => 'DeviceAllow=char-* rw',
  () => 'DeviceAllow=char-[a-d]ma_heap wr',
  () => 'DeviceAllow=block-* rwm',
  () => 'DeviceAllow=char-mem rw',
  () => 'DeviceAllow=/dev/null rw',
  () => 'DeviceAllow=/dev/dma_heap/system rw',
  () => 'DeviceAllow=/dev/dma_heap/system w',
  () => 'DeviceAllow=/dev/dma_heap/linux,cma',
  () => 'DeviceAllow=/dev//dma_heap/reserved rw',
  () => 'DeviceAllow=/dev/dma_heap rw',
  () => 'DeviceAllow=/dev/dma_heap/* rw',
  () => 'DeviceAllow=/dev/dma_heap/absent rw',
  () => 'DeviceAllow=dma_heap rw',
  () => 'DeviceAllow=char-dma_heap xyz',
  () => 'DeviceAllow="/dev/dma_heap/system" rw',
  () => 'DeviceAllow=/dev/dma_heap/link rw',
];
const PATHS = [
  '/dev/dma_heap',
  '/dev/dma_heap/',
  '-/dev/dma_heap/system',
  '/dev/dma_heap/linux,cma',
  '-/dev/dma_heap/absent',
  '-/absent',
  '/dev',
  '+/dev/dma_heap/reserved',
  '/dev/dma_heap/system /dev/dma_heap/reserved',
  '"/dev/dma_heap/linux,cma"',
];
const BINDS = [
  '/dev/dma_heap',
  '/dev/dma_heap:/dev/dma_heap',
  '/dev/dma_heap/system',
  '/dev/dma_heap:/dev/dma_heap:norbind',
  '/dev/null:/dev/dma_heap/system',
  '/dev/dma_heap/system:/dev/dma_heap/reserved',
  '/var:/dev/dma_heap',
  '-/absent:/dev/dma_heap',
  '-/dev/dma_heap/absent',
  '/dev:/dev',
  '/dev',
  '/dev/dma_heap:/srv',
  '/dev:/mnt',
];
const EMPTY = ['/dev', '/dev/dma_heap', '/dev/dma_heap:ro', '/srv', '/dev:mode=0755', '/dev/dma_heap:ro,mode=700'];
/** Most of them do not keep anything from /dev; some do without the look of it. */
const OTHERS = [
  'ReadOnlyPaths=/dev',
  'ReadOnlyPaths=/dev/dma_heap',
  'ReadWritePaths=/dev/dma_heap',
  'NoExecPaths=/dev/dma_heap',
  'ProtectSystem=strict',
  'ProtectHome=yes',
  'PrivateTmp=yes',
  'ProtectKernelTunables=yes',
  'ProtectControlGroups=yes',
  'ProtectProc=invisible',
  'ProcSubset=pid',
  'ProcSubset=all',
  'MountAPIVFS=yes',
  'PrivateNetwork=yes',
  'NoNewPrivileges=yes',
  'PrivateUsers=yes',
  'ProtectClock=no',
  'ProtectClock=yes',
  'ProtectClock=perhaps',
  'StandardInput=file:/etc/hostname',
  'StandardInput=null',
  'MountFlags=slave',
];

/** Writes units whose names hold the number of the image, so that many images fit into one manager. */
export function reachUnits(root: string, seed: number, roll: Dice): readonly string[] {
  const pick = <T>(pool: readonly T[]): T => pool[roll(pool.length)] as T;
  const put = (name: string, lines: readonly string[]) => {
    const file = path.join(root, FOLDER, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${lines.join('\n')}\n`);
  };
  const devices = () => pick(DEVICES)();
  const mounts = () =>
    pick([
      () => `PrivateDevices=${pick(['yes', 'no', 'true', 'off', 'maybe', ''])}`,
      () => `InaccessiblePaths=${pick(PATHS)}`,
      () => `${pick(['BindPaths', 'BindReadOnlyPaths'])}=${pick(BINDS)}`,
      () => `TemporaryFileSystem=${pick(EMPTY)}`,
      () => `${pick(['InaccessiblePaths', 'BindPaths', 'TemporaryFileSystem'])}=`,
    ])();
  const setting = () => pick([devices, mounts, () => pick(OTHERS)])();
  const some = (most: number, make: () => string) => Array.from({ length: roll(most + 1) }, make);
  const slices = [`cut${seed}.slice`, `cut${seed}-in.slice`];
  for (const slice of slices) if (roll(2) === 0) put(slice, ['[Slice]', ...some(2, devices)]);
  return Array.from({ length: SERVICES }, (_, i) => {
    const name = `reach${seed}x${i}.service`;
    const own = some(3, setting);
    const more = roll(3) === 0 ? some(2, setting) : undefined;
    const slice = roll(3) === 0 ? [`Slice=${pick(slices)}`] : [];
    put(name, ['[Unit]', 'DefaultDependencies=no', '[Service]', 'Type=oneshot', ...slice, ...own]);
    if (more !== undefined) put(`${name}.d/50-more.conf`, ['[Service]', ...more]);
    return name;
  });
}

export const NODES = HEAPS.map((heap) => `/dev/dma_heap/${heap}`);
