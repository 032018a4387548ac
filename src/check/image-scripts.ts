/** Scripts and lists of a root file system that run at boot: what they do to the heaps by hand. */
import type { Diagnostic } from '../diagnostic/index.js';
import { findFolklore, leavesDirectory } from '../facts/folklore.js';
import { type Image, mentions } from '../image/index.js';
import type { SourceText } from '../source/index.js';
import { reportImage as report } from './image-codes.js';
import { HEAPS } from './image-nodes.js';
import type { Services } from './image-units.js';

/** Files that run at boot, if they are executable. */
const PROGRAM_FOLDERS = [
  'etc/init.d',
  'etc/rc.d',
  'etc/rcS.d',
  'etc/rc.d/rcS.d',
  'etc/local.d',
  'usr/libexec',
  'etc/cron.hourly',
  'etc/cron.daily',
  'etc/network/if-up.d',
  'etc/NetworkManager/dispatcher.d',
  'usr/lib/systemd/system-generators',
  'etc/systemd/system-generators',
];
/** Files that are read by something that runs. */
const READ_FOLDERS = [
  'etc/hotplug.d/dma_heap',
  'etc/uci-defaults',
  'etc/cron.d',
  'etc/crontabs',
  'var/spool/cron/crontabs',
];
const SCRIPT_FOLDERS = [...PROGRAM_FOLDERS, ...READ_FOLDERS];
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

/** init reads a file whose name ends in .sh itself; any other it starts as a program. */
const isStarted = (image: Image, path: string) =>
  path.endsWith('.sh') || ((image.find(path)?.entry.mode ?? 0) & 0o111) !== 0;

const programPaths = (image: Image) => [
  'etc/rc.local',
  ...PROGRAM_FOLDERS.flatMap((folder) => image.list(folder).map((name) => `${folder}/${name}`)),
];

/** Scripts of the boot that speak of the heaps: of init, of units, and programs of units. */
export function bootScripts(image: Image, { all }: Services): SourceText[] {
  const own = [
    ...['etc/inittab', 'etc/rc', 'etc/crontab'],
    ...programPaths(image).filter((path) => isStarted(image, path)),
  ].flatMap((path) => image.text(path) ?? []);
  const units = all.flatMap(({ unit, programs }) => [
    ...unit.settings.map(({ source }) => source),
    ...programs.flatMap((program) => (program.startsWith('/') ? (image.text(program.slice(1)) ?? []) : [])),
  ]);
  // init is told to start or to read these.
  const named = [...(image.text('etc/inittab')?.text ?? '').matchAll(/(?<=[\s:])\/([\w./-]+)/g)].flatMap(
    ([, path = '']) => image.text(path) ?? [],
  );
  const texts = [...own, ...named, ...textsIn(image, READ_FOLDERS), ...units];
  return [...new Set(texts)].filter(({ text }) => mentions(text, HEAPS));
}

const isAboutNodes = (line: string) => /dma_heap/.test(line) && !leavesDirectory(line);

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
        (code !== 'folklore/chmod' || isAboutNodes(source.line(span?.line ?? 0) ?? '')),
    ),
  );
  const idle = programPaths(image).flatMap((path) => {
    const source = image.lookAt(path)?.kind === 'file' && !isStarted(image, path) ? image.text(path) : undefined;
    if (source === undefined || !mentions(source.text, HEAPS)) return [];
    return [
      report('image/not-executable', {
        message: `${source.file} is about the heaps and is not executable, so nothing starts it at boot`,
        fix: 'run chmod +x on it in the image, or remove it',
        span: source.span(0),
      }),
    ];
  });
  return { read: scripts.size, diagnostics: [...diagnostics, ...idle] };
}
