/** The device tree of a running kernel, as /proc/device-tree shows it. */
import type { Diagnostic, Outcome } from '../diagnostic/index.js';
import { firstString } from './bytes.js';
import { finding } from './codes.js';
import { baseName, type Fdt, makeFdt } from './tree.js';

/** A directory that was read: files are properties, directories are nodes. */
export interface DeviceTreeListing {
  readonly [name: string]: Uint8Array | DeviceTreeListing;
}

interface ListedNode {
  readonly name: string;
  readonly properties: Map<string, Uint8Array>;
  readonly children: ListedNode[];
}

/** FDT_MAX_DEPTH in drivers/of/fdt.c: a deeper listing is not a device tree. */
const MAX_DEPTH = 64;

/**
 * Makes a tree from the listing of a live device tree.
 *
 * The listing lacks two things of the blob that the kernel booted from (/sys/firmware/fdt, readable by root, has both):
 * memory reservations, and the order of siblings, which is that of the listing.
 * @param directory where it was read, for messages
 */
export function readLiveTree(listing: DeviceTreeListing, directory = '/proc/device-tree'): Outcome<Fdt> {
  const diagnostics: Diagnostic[] = [];
  const root = readDirectory(listing, '', directory, 1, diagnostics);
  if (root === undefined) return { diagnostics };
  return { value: makeFdt(root, { file: directory }), diagnostics };
}

function readDirectory(
  listing: DeviceTreeListing,
  name: string,
  path: string,
  depth: number,
  diagnostics: Diagnostic[],
): ListedNode | undefined {
  if (depth > MAX_DEPTH) {
    diagnostics.push(
      finding(path, 'fdt/bad-listing', {
        message: `the listing has more than ${MAX_DEPTH} levels of directories`,
        cause: 'no device tree is that deep; a symbolic link may lead back to a parent',
        fix: 'read /proc/device-tree itself and do not follow links below it',
      }),
    );
    return undefined;
  }
  const node: ListedNode = { name, properties: new Map(), children: [] };
  for (const [entry, content] of Object.entries(listing)) {
    if (content instanceof Uint8Array) {
      // The kernel adds a `name` to every node that has none; a blob of version 16 or later never has one.
      if (entry !== 'name' || firstString(content) !== baseName(name)) node.properties.set(entry, content);
    } else {
      const child = readDirectory(content, entry, `${path}/${entry}`, depth + 1, diagnostics);
      if (child === undefined) return undefined;
      node.children.push(child);
    }
  }
  return node;
}
