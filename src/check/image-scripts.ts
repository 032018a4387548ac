/** Scripts and lists of a root file system that run at boot: what they do to the heaps by hand. */
import type { Diagnostic } from '../diagnostic/index.js';
import { findFolklore } from '../facts/folklore.js';
import { type Image, mentions } from '../image/index.js';
import type { SourceText } from '../source/index.js';
import { HEAPS } from './image-nodes.js';
import type { Services } from './image-units.js';

/** Files that run, or are read by something that runs, at boot. */
const SCRIPT_FOLDERS = [
  'etc/init.d',
  'etc/rc.d',
  'etc/rcS.d',
  'etc/rc.d/rcS.d',
  'etc/hotplug.d/dma_heap',
  'etc/uci-defaults',
  'etc/local.d',
  'usr/libexec',
  'etc/cron.d',
  'etc/cron.hourly',
  'etc/cron.daily',
  'etc/crontabs',
  'var/spool/cron/crontabs',
  'etc/network/if-up.d',
  'etc/NetworkManager/dispatcher.d',
  'usr/lib/systemd/system-generators',
  'etc/systemd/system-generators',
];
const LINTED_FOLDERS = [
  'etc/profile.d',
  'etc/modules-load.d',
  'usr/lib/modules-load.d',
  'usr/local/bin',
  'usr/local/sbin',
];
const INITRAMFS = ['scripts', 'hooks'].flatMap((kind) =>
  ['', '/init-top', '/init-premount', '/local-top', '/local-premount', '/local-bottom', '/init-bottom'].map(
    (stage) => `etc/initramfs-tools/${kind}${stage}`,
  ),
);

export const textsIn = (image: Image, folders: readonly string[]) =>
  folders.flatMap((folder) => image.list(folder).flatMap((name) => image.text(`${folder}/${name}`) ?? []));

/** Scripts of the boot that speak of the heaps: of init, of units, and programs of units. */
export function bootScripts(image: Image, { all }: Services): SourceText[] {
  const own = ['etc/rc.local', 'etc/inittab', 'etc/rc', 'etc/crontab'].flatMap((path) => image.text(path) ?? []);
  const units = all.flatMap(({ unit, programs }) => [
    ...unit.settings.map(({ source }) => source),
    ...programs.flatMap((program) => (program.startsWith('/') ? (image.text(program.slice(1)) ?? []) : [])),
  ]);
  const texts = [...own, ...textsIn(image, SCRIPT_FOLDERS), ...units];
  return [...new Set(texts)].filter(({ text }) => mentions(text, HEAPS));
}

/** Scripts that make nodes, load modules or open devices by hand. */
export function checkScripts(image: Image, services: Services): { read: number; diagnostics: Diagnostic[] } {
  const files = ['etc/group', 'etc/passwd', 'etc/modules', 'etc/rc.local', 'etc/mdev.conf', 'etc/inittab'].flatMap(
    (path) => image.text(path) ?? [],
  );
  const scripts = new Set([
    ...files,
    ...textsIn(image, [...SCRIPT_FOLDERS, ...LINTED_FOLDERS, ...INITRAMFS]),
    ...services.all.flatMap(({ unit }) => unit.settings.map(({ source }) => source)),
  ]);
  const diagnostics = [...scripts].flatMap((source) =>
    findFolklore(source).filter(
      ({ code, span }) =>
        ['folklore/mknod', 'folklore/modprobe', 'folklore/chmod', 'folklore/dev-dma-buf'].includes(code) &&
        // chmod of anything else is none of our business.
        (code !== 'folklore/chmod' || /dma_heap/.test(source.line(span?.line ?? 0) ?? '')),
    ),
  );
  return { read: scripts.size, diagnostics };
}
