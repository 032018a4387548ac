/** Which tree the boot loader of an image hands to the kernel, and what shows it. */
import { type Diagnostic, hasErrors } from '../diagnostic/index.js';
import { applyOverlay, type Fdt, findChild, findNode, readFdt, strings, text } from '../fdt/index.js';
import { type BootEntry, blobsOf, bootEntries, fitsOf, type Image } from '../image/index.js';
import { withParameters } from '../placement/index.js';

export interface BootTree {
  /** As the kernel gets it; undefined: the configuration names a DTB that the image does not have. */
  readonly tree: Fdt | undefined;
  /** That DTB, and the line that names it. */
  readonly missing?: { readonly name: string; readonly from: string };
  /** The DTB, as findings call it. */
  readonly dtb: string;
  /** Overlays that the boot loader applies, with the line that names them. */
  readonly overlays: readonly string[];
  /** Overlays that a line names and that are not in the image or do not apply. */
  readonly broken: readonly { readonly name: string; readonly from: string; readonly reason: string }[];
  readonly commandLine: BootEntry['commandLine'];
  /** Configurations of boot loaders that the image has, by path. */
  readonly configurations: readonly string[];
}

interface Chosen {
  readonly name: string;
  readonly tree: Fdt;
}

const read = (image: Image, path: string): Fdt | undefined => {
  const bytes = image.bytes(path);
  return bytes === undefined ? undefined : readFdt(bytes, image.name(path)).value;
};

/**
 * @param given the DTB that the user names; absent: the one that the configuration names, or the board's by name
 * @param board file name of the board's DTB in the profile
 * @returns undefined when there is none
 */
export function bootTree(
  image: Image | undefined,
  given: Chosen | undefined,
  board: string | undefined,
): BootTree | undefined {
  if (image === undefined)
    return given === undefined
      ? undefined
      : { tree: given.tree, dtb: given.name, overlays: [], broken: [], commandLine: undefined, configurations: [] };
  let entries = bootEntries(image);
  const fit = fitTree(image, board, given);
  if (fit !== undefined) return fit;
  const missing = given === undefined ? missingTree(entries) : undefined;
  if (missing !== undefined)
    return {
      tree: undefined,
      missing,
      dtb: missing.name,
      overlays: [],
      broken: [],
      commandLine: undefined,
      configurations: entries.map(({ file }) => file),
    };
  const base = given ?? namedTree(image, entries) ?? boardTree(image, board);
  if (base === undefined) return undefined;
  const compatible = strings(base.tree.root, 'compatible');
  if (compatible !== undefined) entries = bootEntries(image, { compatible });
  let tree: Fdt | undefined = base.tree;
  const overlays: string[] = [];
  const broken: BootTree['broken'][number][] = [];
  const done = new Set<string>();
  for (const { overlays: wanted } of entries)
    for (const { name, path, from, parameters } of wanted) {
      // A packed script and its source name the same file.
      if (path !== undefined && done.has(path)) continue;
      if (path !== undefined) done.add(path);
      const overlay = path === undefined ? undefined : read(image, path);
      const set: { value?: Fdt } | undefined =
        overlay === undefined
          ? undefined
          : parameters.length === 0
            ? { value: overlay }
            : withParameters(overlay, parameters);
      const merged: Fdt | undefined =
        tree === undefined || set?.value === undefined ? undefined : applyOverlay(tree, set.value).value;
      if (merged === undefined)
        broken.push({
          name,
          from,
          reason:
            path === undefined
              ? 'the image does not have it'
              : overlay === undefined
                ? 'it is not a device tree'
                : 'it does not apply',
        });
      else {
        tree = merged;
        overlays.push(`${image.name(path as string)} (${from})`);
      }
    }
  return {
    tree,
    dtb: base.name,
    overlays,
    broken,
    commandLine: entries.find(({ commandLine }) => commandLine !== undefined)?.commandLine,
    configurations: entries.map(({ file }) => file),
  };
}

/** These loaders use a path unchanged; others search for a name in the directories of their scripts. */
const BY_PATH = ['extlinux', 'the Boot Loader Specification', 'GRUB'];

function missingTree(entries: readonly BootEntry[]): BootTree['missing'] {
  if (entries.some(({ dtb }) => dtb?.path !== undefined)) return undefined;
  const dtb = entries.find((entry) => BY_PATH.includes(entry.loader) && entry.dtb !== undefined)?.dtb;
  return dtb === undefined ? undefined : { name: dtb.name, from: dtb.from };
}

function namedTree(image: Image, entries: readonly BootEntry[]): Chosen | undefined {
  for (const { dtb } of entries) {
    if (dtb?.path === undefined) continue;
    const tree = read(image, dtb.path);
    if (tree !== undefined) return { name: image.name(dtb.path), tree };
  }
  return undefined;
}

function boardTree(image: Image, board: string | undefined): Chosen | undefined {
  const name = board?.replace(/^.*\//, '');
  if (name === undefined) return undefined;
  const path = blobsOf(image).find((one) => one.replace(/^.*\//, '') === name);
  const tree = path === undefined ? undefined : read(image, path);
  return tree === undefined || path === undefined ? undefined : { name: image.name(path), tree };
}

/** The default configuration of a FIT image: its first fdt is the board's DTB, the others are overlays. */
function fitTree(image: Image, board: string | undefined, given: Chosen | undefined): BootTree | undefined {
  for (const path of fitsOf(image)) {
    const fit = read(image, path);
    const bytes = image.bytes(path);
    const configurations = fit === undefined ? undefined : findNode(fit, '/configurations');
    const images = fit === undefined ? undefined : findNode(fit, '/images');
    if (fit === undefined || bytes === undefined || configurations === undefined || images === undefined) continue;
    const name = text(configurations, 'default');
    const chosen = name === undefined ? configurations.children[0] : findChild(configurations, name);
    const parts = (chosen === undefined ? undefined : strings(chosen, 'fdt')) ?? [];
    const trees = parts.map((part) => {
      const node = findChild(images, part);
      const data = node === undefined ? undefined : fitData(node, bytes);
      return { part, tree: data === undefined ? undefined : readFdt(data, `${image.name(path)}:${part}`).value };
    });
    const from = `${image.name(path)}, configuration ${chosen?.name ?? '?'}`;
    const base = given?.tree ?? trees[0]?.tree;
    if (base === undefined) continue;
    let tree: Fdt | undefined = base;
    const overlays: string[] = [];
    const broken: BootTree['broken'][number][] = [];
    for (const { part, tree: overlay } of trees.slice(1)) {
      const merged: Fdt | undefined =
        tree === undefined || overlay === undefined ? undefined : applyOverlay(tree, overlay).value;
      if (merged === undefined) broken.push({ name: part, from, reason: 'it does not apply' });
      else {
        tree = merged;
        overlays.push(`${part} (${from})`);
      }
    }
    return {
      tree,
      dtb: given?.name ?? `${image.name(path)}:${trees[0]?.part ?? board ?? ''}`,
      overlays,
      broken,
      commandLine: undefined,
      configurations: [path],
    };
  }
  return undefined;
}

function fitData(node: Parameters<typeof strings>[0], bytes: Uint8Array): Uint8Array | undefined {
  const inside = node.properties.get('data');
  if (inside !== undefined) return inside;
  const word = (name: string) => {
    const value = node.properties.get(name);
    return value === undefined || value.length !== 4
      ? undefined
      : new DataView(value.buffer, value.byteOffset).getUint32(0);
  };
  const [size, position, offset] = [word('data-size'), word('data-position'), word('data-offset')];
  if (size === undefined) return undefined;
  const total = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
  const start = position ?? (offset === undefined ? undefined : Math.ceil(total / 4) * 4 + offset);
  return start === undefined ? undefined : bytes.subarray(start, start + size);
}

/** Overlays of the image that make a tree good which is not, by path. */
export function repairingOverlays(image: Image, tree: Fdt, isGood: (merged: Fdt) => boolean): string[] {
  const candidates = blobsOf(image).filter((path) => path.endsWith('.dtbo'));
  return candidates.slice(0, 200).filter((path) => {
    const overlay = read(image, path);
    const { value: merged, diagnostics }: { value?: Fdt; diagnostics: readonly Diagnostic[] } =
      overlay === undefined ? { diagnostics: [] } : applyOverlay(tree, overlay);
    return merged !== undefined && !hasErrors(diagnostics) && isGood(merged);
  });
}
