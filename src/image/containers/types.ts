/** What a container gets of the host's devices, as its compose file, Quadlet unit or LXC configuration says. */
import type { Span } from '../../diagnostic/index.js';

export interface Said {
  readonly text: string;
  readonly span: Span;
}

/** A device, or a directory of devices, that the runtime makes in the container. */
export interface DeviceGrant {
  /** Absolute path on the host. */
  readonly host: string;
  readonly inside: string;
  /** Of `rwm`. */
  readonly rights: string;
  readonly span: Span;
}

export interface BindMount {
  readonly host: string;
  readonly inside: string;
  /** Devices below it cannot be opened. */
  readonly isNoDev: boolean;
  readonly span: Span;
}

/** A rule of the device controller: `c 10:* rw`. */
export interface CgroupRule {
  readonly isAllowed: boolean;
  /** `a`, `b` or `c`. */
  readonly type: string;
  readonly major: string;
  readonly minor: string;
  readonly rights: string;
  readonly span: Span;
}

/** A range of numbers of the container that are those of the host from `outside` on. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Whose root the container's root is. */
export type Namespace =
  | { readonly kind: 'host' }
  /** Numbers of the container are others on the host; `groups`: those that are known. */
  | { readonly kind: 'own'; readonly groups: readonly IdRange[]; readonly span: Span };

export interface Container {
  /** Of the service, unit or container. */
  readonly name: string;
  readonly span: Span;
  readonly devices: readonly DeviceGrant[];
  readonly mounts: readonly BindMount[];
  /** Whether the device controller closes what no rule allows. */
  readonly isClosed: boolean;
  readonly rules: readonly CgroupRule[];
  readonly privileged: Span | undefined;
  /** User and group of the process, by name or number; undefined: those of the image. */
  readonly user: Said | undefined;
  readonly group: Said | undefined;
  /** Further groups; `keep-groups` of podman means those of the user who starts it. */
  readonly groups: readonly Said[];
  readonly namespace: Namespace;
  /** What the file does not show: other files, variables, devices of CDI. */
  readonly unread: readonly Said[];
}

export type ContainerKind = 'compose' | 'quadlet' | 'lxc';

export interface ContainerFile {
  readonly kind: ContainerKind;
  readonly containers: readonly Container[];
  /** Other files with containers, which this file includes. */
  readonly included?: readonly Said[];
}

/** How each kind of file spells what a fix asks for. */
export interface Spelling {
  readonly device: (path: string) => string;
  readonly group: (group: string) => string;
}

/**
 * The kernel allocates the major number of heaps when it starts (alloc_chrdev_region in drivers/dma-buf/dma-heap.c), so
 * no number can be written here; a rule for every character device would also open /dev/mem and the consoles.
 */
export const LXC_RULE =
  '"lxc.cgroup2.devices.allow = c MAJOR:* rw" (MAJOR: grep dma_heap /proc/devices on the host; it can differ after a change of the kernel)';

export const SPELLINGS: Readonly<Record<ContainerKind, Spelling>> = {
  compose: {
    device: (path) => `add "${path}:${path}" to devices:`,
    group: (group) => `add "${group}" to group_add:`,
  },
  quadlet: {
    device: (path) => `add AddDevice=${path} to [Container]`,
    group: (group) => `add GroupAdd=${group} to [Container]`,
  },
  lxc: {
    device: (path) => `add "lxc.mount.entry = ${path} ${path.slice(1)} none bind,optional,create=dir" and ${LXC_RULE}`,
    group: (group) => `map the group: lxc.idmap = g ${group} ${group} 1`,
  },
};

const isRights = (text: string) => /^[rwm]+$/.test(text);

/** `HOST[:INSIDE][:RIGHTS]` of docker and podman; undefined for a device of CDI. */
export function readDevice(text: string, span: Span): DeviceGrant | undefined {
  const [host = '', second, third] = text.split(':');
  if (!host.startsWith('/')) return undefined;
  const hasInside = second !== undefined && second !== '' && !isRights(second);
  const rights = third ?? (second !== undefined && isRights(second) ? second : 'rwm');
  return { host: clean(host), inside: clean(hasInside ? second : host), rights, span };
}

/** `HOST:INSIDE[:OPTIONS]`; undefined for a volume by name. */
export function readVolume(text: string, span: Span): BindMount | undefined {
  const [host = '', inside, options = ''] = text.split(':');
  if (!host.startsWith('/') || inside === undefined) return undefined;
  return { host: clean(host), inside: clean(inside), isNoDev: options.split(',').includes('nodev'), span };
}

/** `c 10:* rw`. */
export function readCgroupRule(text: string, isAllowed: boolean, span: Span): CgroupRule | undefined {
  if (text.trim() === 'a') return { isAllowed, type: 'a', major: '*', minor: '*', rights: 'rwm', span };
  const [, type = '', major = '', minor = '', rights = 'rwm'] =
    /^\s*([abc])\s+(\*|\d+):(\*|\d+)(?:\s+([rwm]+))?\s*$/.exec(text) ?? [];
  return type === '' ? undefined : { isAllowed, type, major, minor, rights, span };
}

export const clean = (path: string): string => path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
