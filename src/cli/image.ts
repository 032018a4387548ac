/** Reads what the checks want to see of a built root file system: a directory, or a tar file by way of tar. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Image, ImageFile, Tools } from '../check/index.js';
import { SourceText } from '../source/index.js';
import { EXIT } from './exit.js';
import { Refusal } from './refusal.js';

/** Where files of interest can be, by path in the image. */
const WANTED = [
  /^etc\/(?:group|passwd|modules|rc\.local|mdev\.conf|inittab)$/,
  /^(?:etc|run|usr\/lib|usr\/local\/lib|lib)\/udev\/(?:rules\.d\/)?[^/]+$/,
  /^(?:etc|usr\/lib|usr\/local\/lib|lib)\/systemd\/system\/(?:[^/]+\.d\/)?[^/]+\.(?:service|conf)$/,
  /^(?:etc|usr\/lib|run)\/(?:sysusers|modules-load)\.d\/[^/]+\.conf$/,
  /^etc\/(?:init\.d|rc\.d|rcS\.d|profile\.d|initramfs-tools\/(?:scripts|hooks)(?:\/[^/]+)?)\/[^/]+$/,
  /^usr\/local\/s?bin\/[^/]+\.sh$/,
  /^(?:usr\/)?(?:local\/)?s?bin\/dmaheap-verify$/,
  /^etc\/dmaheap\/verify\.expect$/,
  /^boot\/config-[^/]+$/,
  /^(?:usr\/)?lib\/modules\/[^/]+\/config$/,
  /^boot\/(?:.*\/)?[^/]+\.dtbo?$/,
];
/** Folders above these, so that the rest of an image is never walked. */
const FOLDERS =
  /^(?:etc(?:\/(?:udev(?:\/rules\.d)?|systemd(?:\/system(?:\/[^/]+\.d)?)?|sysusers\.d|modules-load\.d|init\.d|rc\.d|rcS\.d|profile\.d|initramfs-tools(?:\/(?:scripts|hooks)(?:\/[^/]+)?)?|dmaheap))?|run(?:\/(?:udev(?:\/rules\.d)?|sysusers\.d|modules-load\.d))?|usr|(?:usr\/|usr\/local\/)?(?:lib|s?bin)|usr\/local|(?:usr\/|usr\/local\/)?lib\/(?:udev(?:\/rules\.d)?|systemd(?:\/system(?:\/[^/]+\.d)?)?|sysusers\.d|modules-load\.d|modules(?:\/[^/]+)?)|boot(?:\/.*)?|dev(?:\/dma_heap)?)$/;
const MAX_BYTES = 4 << 20;
const MAX_LINKS = 40;

const isWanted = (file: string) => WANTED.some((pattern) => pattern.test(file));

/** The path that a path in the image leads to, links followed inside of the image only; undefined: nowhere. */
function inside(root: string, file: string): string | undefined {
  let parts = file.split('/');
  let at: string[] = [];
  for (let links = 0; parts.length > 0; ) {
    const [part = '', ...rest] = parts;
    parts = rest;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at.pop();
      continue;
    }
    const here = [...at, part];
    let target: string | undefined;
    try {
      const stat = lstatSync(path.join(root, ...here));
      if (stat.isSymbolicLink()) target = readlinkSync(path.join(root, ...here));
    } catch {
      return undefined;
    }
    if (target === undefined) at = here;
    else {
      links += 1;
      if (links > MAX_LINKS) return undefined;
      if (target.startsWith('/')) at = [];
      parts = [...target.split('/'), ...parts];
    }
  }
  return at.join('/');
}

/** EI_DATA and e_machine of an ELF file; undefined for anything else. */
function machineOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < 20 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return String(view.getUint16(18, bytes[5] === 1));
}

export interface ReadImage {
  readonly image: Image;
  /** Device tree blobs, by path in the image, and where they can be read. */
  readonly blobs: ReadonlyMap<string, string>;
}

/** @param shown how the root is called in findings */
export function readImageDirectory(root: string, shown: string): ReadImage {
  const files = new Map<string, ImageFile>();
  const blobs = new Map<string, string>();
  const heapNodes: string[] = [];
  const walked = new Set<string>();
  const visit = (folder: string) => {
    const real = folder === '' ? '' : inside(root, folder);
    if (real === undefined || walked.has(real)) return;
    walked.add(real);
    let entries: string[];
    try {
      entries = readdirSync(path.join(root, real)).sort();
    } catch {
      return;
    }
    for (const name of entries) {
      const file = real === '' ? name : `${real}/${name}`;
      const target = inside(root, file);
      // A link to /dev/null is how udev and systemd mask a file; /dev is empty in most images.
      const isMask = target === undefined || target === 'dev/null';
      const stat = isMask ? undefined : statSync(path.join(root, target), { throwIfNoEntry: false });
      if (stat?.isDirectory()) {
        if (FOLDERS.test(file)) visit(file);
      } else if (/^dev\/dma_heap\//.test(file) && (stat?.isCharacterDevice() || stat?.isBlockDevice()))
        heapNodes.push(file);
      else if (isWanted(file)) keep(file, isMask ? undefined : target, stat?.isFile() ?? false, stat?.size ?? 0);
    }
  };
  const keep = (file: string, target: string | undefined, isFile: boolean, size: number) => {
    if (target !== undefined && (!isFile || size > MAX_BYTES)) return;
    if (/\.dtbo?$/.test(file)) {
      if (target !== undefined) blobs.set(file, path.join(root, target));
      return;
    }
    const bytes = target === undefined ? new Uint8Array() : readFileSync(path.join(root, target));
    const machine = machineOf(bytes);
    const text = machine === undefined ? Buffer.from(bytes).toString('utf8') : '';
    files.set(file, {
      path: file,
      source: new SourceText(path.posix.join(shown, file), text),
      ...(machine === undefined ? {} : { machine }),
    });
  };
  visit('');
  return { image: { files: [...files.values()], heapNodes }, blobs };
}

const BLOCK_BYTES = 512;
const AT_BLOCK = /^block (\d+): /;
/** Where tar found no header it leaves the block's number without a line end. */
const END = /^(?:block \d+: )*block (\d+): \*\* (Block of NULs|End of File) \*\*$/;

/** The members of a listing with block numbers, without what tar says of the end. */
const membersOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .filter((line) => !END.test(line));

const withoutBlock = (line: string) => line.replace(AT_BLOCK, '');

/**
 * An archive ends with two blocks of zeros (POSIX, pax, ustar Interchange Format), and tar takes the end of the file for
 * it as well, in silence. One such block is enough here: no member begins with it, so none can be missing.
 * @param listed what tar lists
 * @param members those that follow the end too
 * @throws {@link Refusal} for an archive that breaks off between two members, or of which tar sees a part only
 */
function holdEnd(listed: string, members: readonly string[]): void {
  const [, block, how] = END.exec(listed.trimEnd().split('\n').at(-1) ?? '') ?? [];
  if (block === undefined) throw new Error('tar does not say where it ends');
  const blockOf = (line: string) => Number(AT_BLOCK.exec(line)?.[1]);
  const last = members.findLast((line) => blockOf(line) < Number(block));
  const after = `byte ${Number(block) * BLOCK_BYTES}${last === undefined ? '' : `, after "${withoutBlock(last)}"`}`;
  if (how === 'End of File')
    throw new Refusal(
      `it breaks off at ${after}: the zero blocks that end an archive are missing, so members may be missing too`,
      EXIT.environment,
      'copy or build it again, or give the directory it was made of',
    );
  const hidden = members.find((line) => blockOf(line) > Number(block));
  if (hidden !== undefined)
    throw new Refusal(
      `it ends at ${after}, and another archive follows with "${withoutBlock(hidden)}": tar unpacks the first only`,
      EXIT.environment,
      'unpack it with tar --ignore-zeros and give the directory, or join archives with tar --concatenate',
    );
}

/**
 * Unpacks what is wanted of a tar file, by tar, which knows every compression.
 * @throws with what tar said, or a {@link Refusal}
 */
export async function readImageTar(tools: Tools, file: string, shown: string): Promise<ReadImage> {
  const list = ['--quoting-style=literal', '--block-number', '--list', '--file', file];
  const listed = await tools.run('tar', ['--verbose', ...list]);
  if (listed.exitCode !== 0) throw new Error(listed.stderr.trim().split('\n')[0] ?? 'tar cannot read it');
  // What follows the end need not be an archive: padding, or a checksum.
  const members = membersOf((await tools.run('tar', ['--ignore-zeros', ...list])).stdout);
  holdEnd(listed.stdout, members);
  const names = members.map(withoutBlock);
  const plain = (name: string) => name.replace(/^\.?\//, '').replace(/\/$/, '');
  const wanted = names.filter(
    (name) =>
      !name.endsWith('/') && (isWanted(plain(name)) || /^(?:bin|sbin|lib|usr\/s?bin|usr\/lib)$/.test(plain(name))),
  );
  const root = await tools.scratch();
  await tools.writeText(`${root}/list`, wanted.map((name) => `${name}\n`).join(''));
  const to = `${root}/image`;
  await tools.writeText(`${to}/.made`, '');
  const ran = await tools.run('tar', [
    ...['--no-recursion', '--no-same-owner', '--no-same-permissions', '--no-wildcards', '--verbatim-files-from'],
    ...['-C', to, '-xf', file, '-T', `${root}/list`],
  ]);
  if (ran.exitCode !== 0) throw new Error(ran.stderr.trim().split('\n')[0] ?? 'tar cannot unpack it');
  const read = readImageDirectory(to, shown);
  const heapNodes = membersOf(listed.stdout)
    .map(withoutBlock)
    .flatMap((line) => /^[cb].*\s(\S*dev\/dma_heap\/\S+)$/.exec(line)?.[1] ?? [])
    .map(plain);
  return { ...read, image: { ...read.image, heapNodes } };
}
