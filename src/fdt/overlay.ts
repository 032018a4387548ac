/**
 * Applies an overlay to a base, with the result of libfdt's fdt_overlay_apply() (dtc 1.6.1), sibling order included:
 * new properties and new subnodes come first, the last one added before the others.
 */
import { type Diagnostic, hasErrors, type Outcome } from '../diagnostic/index.js';
import { suggest } from '../source/suggest.js';
import { firstString, latin1 } from './bytes.js';
import { type FdtCode, finding } from './codes.js';
import { EditedNode } from './edit.js';
import { phandleOf, phandleTable } from './phandle.js';
import { cell } from './property.js';
import { type Fdt, type FdtNode, findChild, findNode, nodePath, walk } from './tree.js';

const NO_PHANDLE = 0xffffffff;
/** Of one code: enough to see a pattern, and a hostile overlay could have one per cell. */
const MAX_FINDINGS = 20;
const RECOMPILE = 'compile the overlay again: dtc -@ -I dts -O dtb OVERLAY.dtso -o OVERLAY.dtbo';

/**
 * Merges the fragments of `overlay` into a copy of `base`; both stay as they are. Fragments name their place by
 * `target-path`, or by `target` with the labels of the base (`__fixups__` against `__symbols__`). Phandles of the
 * overlay are renumbered above those of the base.
 */
export function applyOverlay(base: Fdt, overlay: Fdt): Outcome<Fdt> {
  const diagnostics: Diagnostic[] = [];
  const values = new OverlayValues(overlay, diagnostics);
  const { highest } = phandleTable(base);
  values.renumber(highest);
  values.followLocalReferences(highest);
  values.resolveLabels(base);
  if (hasErrors(diagnostics)) return { diagnostics };

  const merge = new Merge(base, values);
  merge.fragments();
  if (!hasErrors(diagnostics)) merge.symbols();
  if (hasErrors(diagnostics)) return { diagnostics };
  return { value: { ...base, root: merge.root }, diagnostics };
}

/** The overlay's properties with phandles as they will be in the result. */
class OverlayValues {
  readonly overlay: Fdt;
  readonly #diagnostics: Diagnostic[];
  readonly #changed = new Map<FdtNode, Map<string, Uint8Array>>();

  constructor(overlay: Fdt, diagnostics: Diagnostic[]) {
    this.overlay = overlay;
    this.#diagnostics = diagnostics;
  }

  report(code: FdtCode, message: string, cause: string, fix: string): void {
    const known = this.#diagnostics.filter((d) => d.code === code).length;
    if (known < MAX_FINDINGS) this.#diagnostics.push(finding(this.overlay.file, code, { message, cause, fix }));
  }

  get(node: FdtNode, name: string): Uint8Array | undefined {
    return this.#changed.get(node)?.get(name) ?? node.properties.get(name);
  }

  /** The node's properties, in order. */
  *entries(node: FdtNode): Generator<readonly [string, Uint8Array]> {
    const changed = this.#changed.get(node);
    for (const [name, value] of node.properties) yield [name, changed?.get(name) ?? value];
  }

  cell(node: FdtNode, name: string, offset = 0): number | undefined {
    const value = this.get(node, name);
    if (value === undefined || offset + 4 > value.length) return undefined;
    return new DataView(value.buffer, value.byteOffset).getUint32(offset);
  }

  #setCell(node: FdtNode, name: string, offset: number, number: number): void {
    const own = this.#changed.get(node) ?? new Map<string, Uint8Array>();
    this.#changed.set(node, own);
    const value = own.get(name) ?? Uint8Array.from(node.properties.get(name) as Uint8Array);
    own.set(name, value);
    new DataView(value.buffer, value.byteOffset).setUint32(offset, number);
  }

  /** Moves every phandle of the overlay up, so that none is one of the base's. */
  renumber(highest: number): void {
    for (const node of walk(this.overlay.root))
      for (const name of ['phandle', 'linux,phandle']) {
        const value = node.properties.get(name);
        if (value === undefined) continue;
        const old = cell(node, name);
        if (old === undefined)
          this.report(
            'fdt/overlay-phandle',
            `${nodePath(node)}: ${name} has ${value.length} bytes, not 4`,
            'a phandle is one cell',
            RECOMPILE,
          );
        else if (old + highest >= NO_PHANDLE)
          this.report(
            'fdt/overlay-phandle',
            `${nodePath(node)}: phandle 0x${old.toString(16)} cannot be moved above the base's highest, 0x${highest.toString(16)}`,
            'the highest phandle is 0xfffffffe',
            'compile base and overlay again with dtc, which numbers from 1',
          );
        else this.#setCell(node, name, 0, old + highest);
      }
  }

  /** Moves the references within the overlay (`__local_fixups__` mirrors the tree; its values are byte offsets). */
  followLocalReferences(highest: number): void {
    const fixups = findChild(this.overlay.root, '__local_fixups__');
    if (fixups !== undefined) this.#followBelow(fixups, this.overlay.root, highest);
  }

  #followBelow(fixups: FdtNode, node: FdtNode, highest: number): void {
    for (const [name, offsets] of fixups.properties) {
      const length = this.get(node, name)?.length;
      if (length === undefined || offsets.length % 4 !== 0) {
        this.report(
          'fdt/overlay-fixup',
          `${nodePath(fixups)}: ${name} ${length === undefined ? `does not name a property of ${nodePath(node)}` : `has ${offsets.length} bytes, not a list of cells`}`,
          'a local fixup lists the byte offsets of the phandles in the property with the same path and name',
          RECOMPILE,
        );
        continue;
      }
      for (let i = 0; i < offsets.length; i += 4) {
        const offset = new DataView(offsets.buffer, offsets.byteOffset).getUint32(i);
        const old = this.cell(node, name, offset);
        if (old === undefined)
          this.report(
            'fdt/overlay-fixup',
            `${nodePath(fixups)}: ${name} names byte ${offset}, but the property has ${length} bytes`,
            'a phandle has 4 bytes, and they start at that offset',
            RECOMPILE,
          );
        else this.#setCell(node, name, offset, (old + highest) >>> 0);
      }
    }
    for (const child of fixups.children) {
      const twin = findChild(node, child.name);
      if (twin !== undefined) this.#followBelow(child, twin, highest);
      else
        this.report(
          'fdt/overlay-fixup',
          `${nodePath(child)}: the overlay has no node ${nodePath(node)}${node.parent ? '/' : ''}${child.name}`,
          'local fixups mirror the tree of the overlay',
          RECOMPILE,
        );
    }
  }

  /**
   * Puts the base's phandles where the overlay refers to labels (`__fixups__`: label = "path:property:offset", ...).
   */
  resolveLabels(base: Fdt): void {
    const fixups = findChild(this.overlay.root, '__fixups__');
    if (fixups === undefined || fixups.properties.size === 0) return;
    const symbols = findNode(base, '/__symbols__');
    if (symbols === undefined) {
      this.report(
        'fdt/overlay-no-symbols',
        `the overlay refers to ${[...fixups.properties.keys()].map((label) => `&${label}`).join(', ')}, but the base has no /__symbols__`,
        'the base was compiled without labels',
        'compile the base with dtc -@ (kernel: make DTC_FLAGS=-@ dtbs), or write target-path = "/path" in the overlay',
      );
      return;
    }
    for (const [label, places] of fixups.properties) {
      const phandle = this.#phandleOfLabel(base, symbols, label);
      if (phandle === undefined) continue;
      if (places.at(-1) !== 0) {
        this.#badFixup(label, latin1(places));
        continue;
      }
      for (const place of latin1(places.subarray(0, -1)).split('\0')) this.#fixUp(label, place, phandle);
    }
  }

  #phandleOfLabel(base: Fdt, symbols: FdtNode, label: string): number | undefined {
    const value = symbols.properties.get(label);
    const path = value && firstString(value);
    const node = path === undefined ? undefined : findNode(base, path);
    const phandle = node && phandleOf(node);
    if (phandle !== undefined && phandle !== 0) return phandle;
    const near = suggest(label, symbols.properties.keys());
    const [cause, fix] =
      path === undefined
        ? [
            'the base has no label of that name',
            near.length > 0
              ? `did you mean ${near.map((name) => `&${name}`).join(', ')}?`
              : 'write target-path = "/path", or use a label listed in /__symbols__ of the base',
          ]
        : node === undefined
          ? [`/__symbols__ of the base gives ${path}, which does not exist`, 'compile the base again with dtc -@']
          : [`${path} has no phandle in the base`, 'compile the base again with dtc -@'];
    this.report(
      'fdt/overlay-unknown-label',
      `the overlay refers to &${label}, which the base does not define`,
      cause,
      fix,
    );
    return undefined;
  }

  #badFixup(label: string, place: string): void {
    this.report(
      'fdt/overlay-fixup',
      `/__fixups__: the entry ${quoted(place)} of ${label} is malformed`,
      'an entry is "path:property:byte offset" and names 4 bytes of a property of the overlay',
      RECOMPILE,
    );
  }

  #fixUp(label: string, place: string, phandle: number): void {
    const [, path, name, digits] = /^([^:]*):([^:]+):(\d+)$/.exec(place) ?? [];
    const node = path === undefined ? undefined : findNode(this.overlay, path);
    const offset = Number(digits);
    if (node === undefined || name === undefined || this.cell(node, name, offset) === undefined)
      this.#badFixup(label, place);
    else this.#setCell(node, name, offset, phandle);
  }
}

interface Target {
  readonly node: EditedNode;
  /** As the overlay spells it; undefined when the target was found by phandle. */
  readonly path: string | undefined;
}

class Merge {
  readonly root: EditedNode;
  readonly #base: Fdt;
  readonly #values: OverlayValues;
  /** Phandles given during the merge; once one of the base's was replaced, only a walk tells the truth. */
  readonly #given = new Map<number, EditedNode>();
  #replaced = false;

  constructor(base: Fdt, values: OverlayValues) {
    this.root = new EditedNode(base.root, undefined);
    this.#base = base;
    this.#values = values;
  }

  fragments(): void {
    let found = false;
    for (const fragment of this.#values.overlay.root.children) {
      const content = findChild(fragment, '__overlay__');
      if (content === undefined) continue;
      found = true;
      const target = this.#target(fragment);
      if (target !== undefined) this.#apply(content, target.node);
    }
    if (!found)
      this.#values.report(
        'fdt/overlay-empty',
        'the overlay has no fragment with an __overlay__ node, so it changes nothing',
        'this is a complete device tree, or an overlay without content',
        'give a .dtbo compiled from a source that begins with /dts-v1/; /plugin/;',
      );
  }

  #target(fragment: FdtNode): Target | undefined {
    const values = this.#values;
    const raw = values.get(fragment, 'target');
    const phandle = raw === undefined ? 0 : raw.length === 4 ? values.cell(fragment, 'target') : undefined;
    if (phandle === undefined || phandle === NO_PHANDLE) {
      values.report(
        'fdt/overlay-no-target',
        `${nodePath(fragment)}: target is ${phandle === undefined ? `a property of ${raw?.length} bytes, not 4` : '0xffffffff'}`,
        phandle === undefined
          ? 'a target is one phandle'
          : 'dtc writes this value for a label that /__fixups__ must resolve, but /__fixups__ does not list it',
        RECOMPILE,
      );
      return undefined;
    }
    if (phandle !== 0) {
      const node = this.#nodeOfPhandle(phandle);
      if (node !== undefined) return { node, path: undefined };
      values.report(
        'fdt/overlay-no-target',
        `${nodePath(fragment)}: no node of the base has the phandle 0x${phandle.toString(16)} of target`,
        'the overlay was compiled for another base',
        'use target-path = "/path", or a label with dtc -@',
      );
      return undefined;
    }
    const bytes = values.get(fragment, 'target-path');
    const path = bytes === undefined ? undefined : firstString(bytes);
    if (path === undefined) {
      values.report(
        'fdt/overlay-no-target',
        `${nodePath(fragment)}: the fragment has neither target nor target-path`,
        'a fragment must name the node of the base that it changes',
        'add target-path = "/path" or target = <&label>',
      );
      return undefined;
    }
    const node = findNode({ ...this.#base, root: this.root }, path);
    if (node === undefined) {
      values.report(
        'fdt/overlay-no-target',
        `${nodePath(fragment)}: target-path "${path}" is not in the base`,
        missingPart(this.#base, path),
        'correct the path, or add the missing node with a fragment for its parent',
      );
      return undefined;
    }
    return { node: node as EditedNode, path };
  }

  /** libfdt's order of events: properties of a node, then its subnodes, each complete before the next. */
  #apply(content: FdtNode, target: EditedNode): void {
    if (content.properties.size > 0) {
      const before = phandleOf(target);
      target.setProperties(this.#values.entries(content));
      const after = phandleOf(target);
      if (after !== undefined && after !== before) this.#phandleChanged(target, before, after);
    }
    if (content.children.length === 0) return;
    for (const child of content.children) this.#apply(child, target.child(child.name) ?? target.addChild(child.name));
  }

  #phandleChanged(node: EditedNode, before: number | undefined, after: number): void {
    if (before !== undefined) {
      this.#replaced = true;
      this.#values.report(
        'fdt/overlay-phandle-replaced',
        `${nodePath(node)} has phandle 0x${before.toString(16)} in the base and gets 0x${after.toString(16)}`,
        'the overlay labels a node that other nodes of the base already refer to; their references now lead to no node',
        'do not label that node in the overlay: refer to it by the label of the base (&label) instead',
      );
    }
    if (!this.#given.has(after)) this.#given.set(after, node);
    else this.#replaced = true;
  }

  #nodeOfPhandle(phandle: number): EditedNode | undefined {
    if (this.#replaced) {
      for (const node of walk(this.root)) if (phandleOf(node) === phandle) return node as EditedNode;
      return undefined;
    }
    const found = phandleTable(this.#base).find(phandle);
    return found === undefined ? this.#given.get(phandle) : this.#editedTwin(found);
  }

  /** Our copy of a node of the base. */
  #editedTwin(node: FdtNode): EditedNode {
    if (node.parent === undefined) return this.root;
    return this.#editedTwin(node.parent).children.find((child) => child.origin === node) as EditedNode;
  }

  /** Labels of the overlay become labels of the result, with the path that their node has there. */
  symbols(): void {
    const overlay = this.#values.overlay;
    const from = findChild(overlay.root, '__symbols__');
    if (from === undefined) return;
    const symbols: [string, Uint8Array][] = [];
    for (const [label, value] of this.#values.entries(from)) {
      const path = latin1(value);
      if (!path.startsWith('/') || path.indexOf('\0') !== path.length - 1) {
        this.#badSymbol(label, path, 'a symbol is one absolute path');
        continue;
      }
      const [, fragmentName, rest] = /^\/([^/]*)\/__overlay__(\/[\s\S]*)?\0$/.exec(path) ?? [];
      // A label outside an __overlay__ node names nothing in the result.
      if (fragmentName === undefined) continue;
      const fragment = findChild(overlay.root, fragmentName);
      if (fragment === undefined || findChild(fragment, '__overlay__') === undefined) {
        this.#badSymbol(label, path, `the overlay has no /${fragmentName}/__overlay__`);
        continue;
      }
      const target = this.#target(fragment);
      if (target === undefined) return;
      const start = target.path ?? nodePath(target.node);
      symbols.push([label, Buffer.from(`${start.length > 1 ? start : ''}${rest ?? '/'}\0`, 'latin1')]);
    }
    const name = '__symbols__';
    const into = this.root.child(name) ?? this.root.addChild(name);
    if (symbols.length > 0) into.setProperties(symbols);
  }

  #badSymbol(label: string, path: string, cause: string): void {
    this.#values.report(
      'fdt/overlay-bad-symbol',
      `/__symbols__: ${label} is ${quoted(path.replace(/\0$/, ''))}`,
      cause,
      RECOMPILE,
    );
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

/** How far a path leads: `the base has /soc, which has no child "uart"`. */
function missingPart(base: Fdt, path: string): string {
  if (!path.startsWith('/')) return `the base has no alias "${path.split('/')[0]}"`;
  let node = base.root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    const child = findChild(node, name);
    if (child === undefined) {
      const near = suggest(
        name,
        node.children.map((other) => other.name),
      );
      return `the base has ${nodePath(node)}, which has no child "${name}"${near.length > 0 ? `, but has ${near.map((other) => `"${other}"`).join(', ')}` : ''}`;
    }
    node = child;
  }
  return 'the base has no such node';
}
