/** A tree of files built member by member, as an archive or a stack of layers gives it. */
import type { Entry, ImageSource } from './tree.js';

export interface Member extends Entry {
  /** Content, read when it is asked for. */
  readonly content?: () => Uint8Array | undefined;
}

const ROOT: Entry = { kind: 'directory', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0 };
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const MAX_LINKS = 40;

export class MemberTree implements ImageSource {
  readonly #members = new Map<string, Member>([['', ROOT]]);
  readonly #children = new Map<string, Set<string>>([['', new Set()]]);

  entry(path: string): Member | undefined {
    return this.#members.get(path);
  }

  list(path: string): readonly string[] {
    return [...(this.#children.get(path) ?? [])];
  }

  bytes(path: string): Uint8Array | undefined {
    return this.#members.get(path)?.content?.();
  }

  /** Where an archive's name lies in this tree: links among its directories are followed, as by who unpacks it. */
  place(name: string): string {
    let at: string[] = [];
    let parts = name.split('/');
    for (let links = 0; parts.length > 0; ) {
      const [part = '', ...rest] = parts;
      parts = rest;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        at = at.slice(0, -1);
        continue;
      }
      const target = this.#members.get([...at, part].join('/'))?.target;
      if (target === undefined || rest.every((one) => one === '') || links > MAX_LINKS) {
        at.push(part);
        continue;
      }
      links += 1;
      if (target.startsWith('/')) at = [];
      parts = [...target.split('/'), ...rest];
    }
    return at.join('/');
  }

  /** Adds a member, in place of one of the same name; directories above it are made. */
  add(name: string, member: Member): void {
    const path = this.place(name);
    if (path === '') return;
    const before = this.#members.get(path);
    if (before?.kind === 'directory' && member.kind !== 'directory') this.remove(path);
    this.#link(path);
    this.#members.set(path, member);
    if (member.kind === 'directory' && !this.#children.has(path)) this.#children.set(path, new Set());
  }

  #link(path: string): void {
    const cut = path.lastIndexOf('/');
    const parent = cut < 0 ? '' : path.slice(0, cut);
    if (!this.#children.has(parent)) {
      this.#children.set(parent, new Set());
      if (this.#members.get(parent)?.kind !== 'directory') this.#members.set(parent, ROOT);
      this.#link(parent);
    }
    this.#children.get(parent)?.add(path.slice(cut + 1));
  }

  remove(path: string): void {
    for (const name of this.list(path)) this.remove(path === '' ? name : `${path}/${name}`);
    if (path === '') return;
    this.#children.delete(path);
    this.#members.delete(path);
    const cut = path.lastIndexOf('/');
    this.#children.get(cut < 0 ? '' : path.slice(0, cut))?.delete(path.slice(cut + 1));
  }

  /**
   * Lays a layer of a container image over this tree: `.wh.NAME` takes NAME away, `.wh..wh..opq` everything that lower
   * layers have in its directory. Source: OCI image specification, layer.md.
   */
  overlay(layer: MemberTree): void {
    const visit = (path: string) => {
      const names = layer.list(path);
      const at = (name: string) => (path === '' ? name : `${path}/${name}`);
      if (names.includes(OPAQUE)) for (const name of this.list(this.place(path))) this.remove(at(name));
      for (const name of names)
        if (name.startsWith(WHITEOUT) && name !== OPAQUE) this.remove(this.place(at(name.slice(WHITEOUT.length))));
      for (const name of names) {
        if (name.startsWith(WHITEOUT)) continue;
        const member = layer.entry(at(name));
        // A directory that is a link below stays one: layers are laid into what is there.
        const below = this.#members.get(this.place(at(name)));
        if (member !== undefined && !(member.kind === 'directory' && below?.kind === 'directory'))
          this.add(at(name), member);
        if (member?.kind === 'directory') visit(at(name));
      }
    };
    visit('');
  }
}
