/** A tree under change: a copy that is made node by node, only where it is looked at, and knows what was changed. */
import { FlatNode, type PhandleTable } from './flat.js';
import { baseName, type FdtNode, findChild } from './tree.js';

/** From so many lookups among the children of one node a table of their names pays. */
const MANY_QUESTIONS = 8;
const NONE: ReadonlyMap<string, Uint8Array> = new Map();

export class EditedNode implements FdtNode {
  readonly parent: EditedNode | undefined;
  /** What this is a copy of; for a new node its name. */
  readonly origin: FdtNode | string;
  /** Names of properties in the order in which the tree got them; one list for all nodes of a tree. */
  readonly newNames: string[];
  /** Of a root: made by the first who asks, when the changes are over. */
  phandleTable: PhandleTable | undefined;
  #properties: ReadonlyMap<string, Uint8Array> | undefined;
  #children: EditedNode[] | undefined;
  /** First child by name and by name without unit address; made when it pays. */
  #firstOf: Map<string, EditedNode> | undefined;
  #questions = 0;
  #changed: boolean;

  constructor(origin: FdtNode | string, parent: EditedNode | undefined) {
    this.origin = origin;
    this.parent = parent;
    this.newNames = parent?.newNames ?? (origin instanceof EditedNode ? [...origin.newNames] : []);
    this.#changed = typeof origin === 'string';
  }

  get name(): string {
    return typeof this.origin === 'string' ? this.origin : this.origin.name;
  }

  get properties(): ReadonlyMap<string, Uint8Array> {
    return this.#properties ?? (typeof this.origin === 'string' ? NONE : this.origin.properties);
  }

  get children(): readonly EditedNode[] {
    return this.#ownChildren();
  }

  /** Whether this node or one below it differs from its origin. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Gives properties values, in libfdt's order: known ones keep their place, each new one goes to the front. */
  setProperties(values: Iterable<readonly [string, Uint8Array]>): void {
    const replaced = new Map(this.properties);
    const added: (readonly [string, Uint8Array])[] = [];
    for (const entry of values) {
      if (replaced.has(entry[0])) replaced.set(entry[0], entry[1]);
      else added.push(entry);
    }
    for (const [name] of added) this.newNames.push(name);
    this.#properties = added.length === 0 ? replaced : new Map([...added.reverse(), ...replaced]);
    this.#touch();
  }

  /** As {@link findChild}, for many questions between additions. */
  child(name: string): EditedNode | undefined {
    this.#questions += 1;
    if (this.#questions < MANY_QUESTIONS) return findChild(this, name) as EditedNode | undefined;
    if (this.#firstOf === undefined) {
      this.#firstOf = new Map();
      for (const child of [...this.#ownChildren()].reverse()) this.#nameChild(child);
    }
    return this.#firstOf.get(name);
  }

  /** `child` is now the first of its name, and of its name without unit address. */
  #nameChild(child: EditedNode): void {
    this.#firstOf?.set(child.name, child);
    this.#firstOf?.set(baseName(child.name), child);
  }

  /** A new child before all others, as libfdt adds it. */
  addChild(name: string): EditedNode {
    const child = new EditedNode(name, this);
    this.#ownChildren().unshift(child);
    this.#nameChild(child);
    this.#touch();
    return child;
  }

  #ownChildren(): EditedNode[] {
    this.#children ??=
      typeof this.origin === 'string' ? [] : this.origin.children.map((child) => new EditedNode(child, this));
    return this.#children;
  }

  #touch(): void {
    this.#changed = true;
    for (let at = this.parent; at !== undefined && !at.#changed; at = at.parent) at.#changed = true;
  }
}

/** The blob node that `node` is an unchanged copy of, if it is one. */
export function unchangedOrigin(node: FdtNode): FlatNode | undefined {
  let at: FdtNode | string = node;
  while (at instanceof EditedNode) {
    if (at.changed) return undefined;
    at = at.origin;
  }
  return at instanceof FlatNode ? at : undefined;
}

/** Some blob that `node` comes from: most names and subtrees of the node are found there. */
export function blobOf(node: FdtNode): FlatNode['blob'] | undefined {
  let at: FdtNode | string = node;
  while (at instanceof EditedNode) at = at.origin;
  return at instanceof FlatNode ? at.blob : undefined;
}
