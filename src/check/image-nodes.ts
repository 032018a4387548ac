/** Who may open the heaps of an image in the end: what its device manager, tmpfiles.d and scripts make of the nodes. */
import {
  type Accounts,
  applyCommands,
  applyTmpfiles,
  changed,
  configFiles,
  configFolders,
  type Image,
  isAbout,
  KERNEL_DIRECTORY,
  KERNEL_NODE,
  mdevNode,
  type NodeState,
  type Nodes,
  nameOf,
  permissionCommands,
  procdNode,
  systemdOf,
  UnitFiles,
  ueventdNode,
  withArguments,
} from '../image/index.js';
import type { SourceText } from '../source/index.js';
import { readRules } from './udev.js';
import {
  type DeviceEvent,
  deviceEvent,
  type EventOptions,
  givenGroup,
  givenMode,
  givenOwner,
  heapDevice,
  type OpenCondition,
  possibleEvents,
  winner,
} from './udev-event.js';

export const HEAPS = 'dev/dma_heap';
const TOP = 'dev';
const SUBSYSTEM = 'dma_heap';

export type ManagerKind = 'udev' | 'mdev' | 'ueventd' | 'procd' | 'none';

export interface Manager {
  readonly kind: ManagerKind;
  /** Program in the image that does it; for `none` undefined. */
  readonly program: string | undefined;
  /** Why one that is there does nothing. */
  readonly idle: string | undefined;
}

const PROGRAMS: readonly (readonly [ManagerKind, readonly string[]])[] = [
  [
    'udev',
    [
      'usr/lib/systemd/systemd-udevd',
      'lib/systemd/systemd-udevd',
      'usr/lib/udev/udevd',
      'lib/udev/udevd',
      'usr/sbin/udevd',
      'sbin/udevd',
      'usr/bin/udevd',
    ],
  ],
  ['ueventd', ['system/bin/ueventd', 'sbin/ueventd']],
  ['procd', ['sbin/procd', 'usr/sbin/procd']],
  ['mdev', ['sbin/mdev', 'usr/sbin/mdev', 'bin/mdev', 'usr/bin/mdev', 'sbin/mdevd', 'usr/sbin/mdevd', 'usr/bin/mdevd']],
];

const UNIT_FOLDERS = configFolders('systemd/system');

/** The device manager that the image has. */
export function managerOf(image: Image): Manager {
  for (const [kind, programs] of PROGRAMS) {
    const program = programs.find((path) => image.isFile(path));
    if (program === undefined) continue;
    return { kind, program, idle: kind === 'udev' && program.includes('systemd') ? idleUdev(image) : undefined };
  }
  return { kind: 'none', program: undefined, idle: undefined };
}

const KERNEL = /^(?:vmlinu[xz]|[uz]?Image)/;
const MODULES = ['usr/lib/modules', 'lib/modules'];
/** mdev itself is a link that BusyBox makes in containers as well. */
const MANAGER_FILES = ['etc/mdev.conf', 'init.rc', 'system/etc/init/hw/init.rc'];

/**
 * Whether a root file system is of a machine that boots, and not of a container only: it has a kernel or modules, or
 * what manages the nodes of /dev. Machines are delivered in the form of container images as well (bootc, balena).
 */
export function isMachine(image: Image): boolean {
  const { kind } = managerOf(image);
  return (
    (kind !== 'none' && kind !== 'mdev') ||
    MANAGER_FILES.some((path) => image.isFile(path)) ||
    image.list('boot').some((name) => KERNEL.test(name)) ||
    MODULES.some((folder) => image.list(folder).length > 0)
  );
}

/** The link that masks a unit: of the files of its name the one in the first directory counts. */
function maskOf(image: Image, unit: string): string | undefined {
  const first = UNIT_FOLDERS.map((folder) => `${folder}/${unit}`).find((path) => image.lookAt(path) !== undefined);
  return first !== undefined && image.isMask(first) ? image.name(first) : undefined;
}

function idleUdev(image: Image): string | undefined {
  const daemon = maskOf(image, 'systemd-udevd.service');
  if (daemon !== undefined) return `${daemon} masks the daemon`;
  const trigger = maskOf(image, 'systemd-udev-trigger.service');
  return trigger === undefined
    ? undefined
    : `${trigger} masks the unit that sends events for devices that exist at boot`;
}

const hasProgram = (image: Image, name: string) => image.isFile(`usr/bin/${name}`) || image.isFile(`bin/${name}`);

/** Whether the image is of systemd as far as its device manager shows. One without any may be a part of such an image. */
const isOfSystemd = ({ kind, program }: Manager) =>
  kind === 'none' || (kind === 'udev' && program?.includes('systemd') === true);

/** Whether something makes the accounts of sysusers.d at boot. */
export const hasSysusers = (image: Image, manager: Manager): boolean =>
  (isOfSystemd(manager) || hasProgram(image, 'systemd-sysusers')) &&
  maskOf(image, 'systemd-sysusers.service') === undefined;

const hasTmpfiles = (image: Image, manager: Manager) => isOfSystemd(manager) || hasProgram(image, 'systemd-tmpfiles');

/** The state that a node ends in, one way the boot can go. */
export interface Outcome {
  /** When it is seen: after the boot, after a trigger, after tmpfiles. */
  readonly when: string;
  readonly state: NodeState;
  readonly directory: NodeState;
  /** /dev itself. */
  readonly top: NodeState;
  readonly event: DeviceEvent | undefined;
}

export interface NodeOutcomes {
  readonly name: string;
  readonly outcomes: readonly Outcome[];
  /** What only the board can answer, and the outcomes differ in. */
  readonly open: readonly OpenCondition[];
  /** There are more ways than were looked at. */
  readonly isCut: boolean;
}

export interface DeviceWorld {
  readonly image: Image;
  readonly accounts: Accounts;
  readonly manager: Manager;
  readonly rules: readonly SourceText[];
  /** Scripts that run at boot. */
  readonly scripts: readonly SourceText[];
  readonly architecture: string;
  /** `file:line` that keeps udevd from looking up names of users and groups. */
  readonly ignoresNames: string | undefined;
}

/** CONST{arch} by the profile's names. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'x86-64' };

export function deviceWorld(
  image: Image,
  accounts: Accounts,
  manager: Manager,
  scripts: readonly SourceText[],
  arch: string,
): DeviceWorld {
  const rules = configFiles(image, configFolders('udev/rules.d'), '.rules').map(({ source }) => source);
  const ignoresNames = manager.kind === 'udev' ? ignoringNames(image) : undefined;
  return { image, accounts, manager, rules, scripts, architecture: ARCHITECTURES[arch] ?? arch, ignoresNames };
}

/** udev.conf and the options of the daemon; the options win. */
function ignoringNames(image: Image): string | undefined {
  const daemon = new UnitFiles(image)
    .load('systemd-udevd.service')
    ?.settings.findLast(({ section, key, value }) => section === 'Service' && key === 'ExecStart' && value !== '');
  const option = /\s(?:--resolve-names[= ]|-N\s*)(\w+)/.exec(daemon?.value ?? '')?.[1];
  if (daemon !== undefined && option !== undefined)
    return option === 'never' ? `${daemon.source.file}:${daemon.source.span(daemon.offset).line}` : undefined;
  const files = [
    image.text('etc/udev/udev.conf'),
    ...configFiles(image, configFolders('udev/udev.conf.d'), '.conf').map(({ source }) => source),
  ];
  let found: string | undefined;
  for (const source of files)
    for (const [i, line] of (source?.text ?? '').split('\n').entries()) {
      const value = /^\s*resolve_names\s*=\s*["']?(\w+)/.exec(line)?.[1];
      if (value !== undefined) found = value === 'never' ? `${source?.file}:${i + 1}` : undefined;
    }
  return found;
}

/** What the nodes are before any event: devtmpfs, then OPTIONS+="static_node=". */
function staticState(world: DeviceWorld, name: string): NodeState {
  let state = KERNEL_NODE;
  if (world.manager.kind !== 'udev') return state;
  for (const source of world.rules)
    for (const { tokens, span } of readRules(source).rules) {
      const isHere = tokens.some(({ key, value }) => key === 'OPTIONS' && value === `static_node=dma_heap/${name}`);
      if (!isHere) continue;
      const value = (key: string) => tokens.findLast((one) => one.key === key)?.value;
      const [owner, group, mode] = [value('OWNER'), value('GROUP'), value('MODE')];
      if (owner === undefined && group === undefined && mode === undefined) continue;
      const bits = mode === undefined ? (group === undefined ? 0o600 : 0o660) : Number.parseInt(mode, 8);
      state = changed(
        state,
        {
          owner: owner === undefined ? 'root' : nameOf(world.accounts, 'users', owner),
          group: group === undefined ? 'root' : nameOf(world.accounts, 'groups', group),
          mode: Number.isNaN(bits) ? undefined : bits,
        },
        `${source.file}:${span.line}`,
      );
    }
  return state;
}

const at = ({ source, rule }: { source: SourceText; rule: { span: { line: number } } }) =>
  `${source.file}:${rule.span.line}`;

/** The text of a script that RUN= starts, with its arguments and the name of the node in their places. */
function startedScript(image: Image, command: string, node: string): string {
  const [program = '', ...words] = command.split(/\s+/);
  const path = program.startsWith('/')
    ? program.slice(1)
    : ['usr/lib/udev', 'lib/udev'].map((folder) => `${folder}/${program}`).find((one) => image.isFile(one));
  const found = path === undefined ? undefined : image.find(path);
  if (path === undefined || found === undefined || (found.entry.mode & 0o111) === 0) return '';
  const text = image.text(path)?.text ?? '';
  return text.startsWith('#!') ? withArguments(text, words).replace(/\$(?:DEVNAME\b|\{DEVNAME\})/g, node) : '';
}

/**
 * What an event makes of a node that is there.
 * @param image where scripts of RUN= are; absent: only their command lines are read
 */
export function afterEvent(state: NodeState, event: DeviceEvent, accounts: Accounts, image?: Image): NodeState {
  const [owner, group, mode] = [givenOwner(event), givenGroup(event), givenMode(event)];
  const by = (list: DeviceEvent['owner']) => {
    const last = winner(list);
    return last === undefined ? undefined : at(last);
  };
  let next = state;
  if (owner !== undefined)
    next = changed(next, { owner: nameOf(accounts, 'users', owner) ?? owner }, by(event.owner) ?? '');
  if (group !== undefined)
    next = changed(next, { group: nameOf(accounts, 'groups', group) ?? group }, by(event.group) ?? '');
  if (mode !== undefined) next = changed(next, { mode }, by(event.mode) ?? by(event.group) ?? '');
  // Programs of RUN= start when the node is ready, and have the last word.
  const nodes: Nodes = new Map([[`dev/${event.device.node}`, next]]);
  for (const one of event.run) {
    const text = one.value
      .replace(/%N|\$devnode|\$env\{DEVNAME\}|%E\{DEVNAME\}/g, `/dev/${event.device.node}`)
      .replace(/%k|\$kernel/g, event.device.name)
      .replace(/\$name|%D/g, event.device.node);
    const source = one.source;
    const script = image === undefined ? '' : startedScript(image, text, `/dev/${event.device.node}`);
    const commands = `${text.replace(/^.*?-c\s+'(.*)'$/, '$1')}\n${script}\n`;
    for (const command of permissionCommands({ text: commands }, HEAPS)) {
      for (const [path, now] of nodes)
        if (isAbout(command, path))
          nodes.set(path, command.apply(now, accounts, `${source.file}:${one.rule.span.line}`));
    }
  }
  return nodes.get(`dev/${event.device.node}`) as NodeState;
}

/** Whether udev announces a heap to systemd, so that it has a device unit. */
export const isTagged = (world: DeviceWorld, name: string): boolean =>
  deviceEvent(world.rules, heapDevice(name), eventOptions(world)).tags.some(({ value }) => value === 'systemd');

/** uaccess of systemd-logind: the builtin that a separate rule starts for devices with the tag. */
export const givesUaccess = (event: DeviceEvent): boolean =>
  event.run.some(({ token, value }) => token.attribute === 'builtin' && /^uaccess\b/.test(value));

/** What the image answers of conditions in rules. */
export const eventOptions = ({ accounts, architecture, image, ignoresNames }: DeviceWorld): EventOptions => ({
  ignoresNames: ignoresNames !== undefined,
  groups: new Set(['root', ...accounts.groups.keys()]),
  users: new Set(['root', ...accounts.users.keys()]),
  architecture,
  release: systemdOf(image),
  exists: (path) =>
    /^\/(?:proc|sys|dev|run|tmp|var)\//.test(path) ? undefined : image.find(path.slice(1)) !== undefined,
});

function withEvents(
  world: DeviceWorld,
  name: string,
  before: Nodes,
): { outcomes: Outcome[]; open: OpenCondition[]; isCut: boolean } {
  const { accounts, rules, manager } = world;
  const node = `${HEAPS}/${name}`;
  const [state, directory, top] = [node, HEAPS, TOP].map((path) => before.get(path) as NodeState) as [
    NodeState,
    NodeState,
    NodeState,
  ];
  if (manager.idle !== undefined)
    return { outcomes: [{ when: 'after the boot', state, directory, top, event: undefined }], open: [], isCut: false };
  const options = eventOptions(world);
  const run = (more: EventOptions) =>
    possibleEvents((decisions) => deviceEvent(rules, heapDevice(name), { ...options, ...more, decisions }));
  const adds = run({ action: 'add' });
  const outcomes: Outcome[] = [];
  const open: OpenCondition[] = [];
  let isCut = adds === undefined;
  for (const add of adds ?? [deviceEvent(rules, heapDevice(name), options)]) {
    const first = afterEvent(state, add, accounts, world.image);
    outcomes.push({ when: 'after the boot', state: first, directory, top, event: add });
    open.push(...add.open);
    const changes = run({ action: 'change' });
    isCut ||= changes === undefined;
    for (const change of changes ?? []) {
      outcomes.push({
        when: 'after udevadm trigger, which sends "change"',
        state: afterEvent(first, change, accounts, world.image),
        directory,
        top,
        event: change,
      });
      open.push(...change.open);
    }
  }
  return { outcomes, open, isCut };
}

/** The states in which a heap node can be found. */
export function nodeOutcomes(world: DeviceWorld, name: string): NodeOutcomes {
  const { image, accounts, manager } = world;
  const node = `${HEAPS}/${name}`;
  const fresh: Nodes = new Map([
    [TOP, KERNEL_DIRECTORY],
    [HEAPS, KERNEL_DIRECTORY],
    [node, staticState(world, name)],
  ]);
  const isApplied = hasTmpfiles(image, manager);
  if (isApplied) applyTmpfiles(image, fresh, accounts);
  const { outcomes, open, isCut } =
    manager.kind === 'udev'
      ? withEvents(world, name, fresh)
      : { ...managed(world, name, fresh), open: [], isCut: false };
  const all = outcomes.flatMap((outcome) => {
    const nodes: Nodes = new Map([
      [TOP, outcome.top],
      [HEAPS, outcome.directory],
      [node, outcome.state],
    ]);
    const states = [outcome];
    if (isApplied) {
      const again: Nodes = new Map(nodes);
      applyTmpfiles(image, again, accounts);
      if (again.get(node) !== outcome.state || again.get(HEAPS) !== outcome.directory)
        states.push({
          ...outcome,
          when: 'after systemd-tmpfiles --create',
          state: again.get(node) as NodeState,
          directory: again.get(HEAPS) as NodeState,
        });
    }
    const scripted: Nodes = new Map(nodes);
    for (const source of world.scripts) applyCommands(permissionCommands(source, HEAPS), source, scripted, accounts);
    const [state, directory, top] = [node, HEAPS, TOP].map((path) => scripted.get(path) as NodeState) as [
      NodeState,
      NodeState,
      NodeState,
    ];
    if (state === outcome.state && directory === outcome.directory && top === outcome.top) return states;
    const after = { ...outcome, when: 'after the scripts of the boot', state, directory, top };
    // Where nothing else gives access, the scripts are what does; elsewhere both states are met.
    return manager.kind === 'udev' ? [...states, after] : [after, ...states.slice(1)];
  });
  return { name, outcomes: all, open, isCut };
}

function managed(world: DeviceWorld, name: string, before: Nodes): { outcomes: Outcome[] } {
  const { image, accounts, manager } = world;
  const node = `${HEAPS}/${name}`;
  const device = `dma_heap/${name}`;
  const [directory, top] = [before.get(HEAPS) as NodeState, before.get(TOP) as NodeState];
  let state = before.get(node) as NodeState;
  if (manager.kind === 'mdev') {
    const source = image.text('etc/mdev.conf');
    const { owner, group, mode, from, isGone } = mdevNode(source, device, SUBSYSTEM, accounts);
    // A node that does not exist cannot be opened.
    state = changed(state, { owner, group, mode: isGone ? 0 : mode }, from ?? 'the default of mdev');
  } else if (manager.kind === 'ueventd') {
    const found = ueventdNode(image, node);
    if (found !== undefined)
      state = changed(state, { owner: found.owner, group: found.group, mode: found.mode }, found.from);
  } else if (manager.kind === 'procd') {
    const source = image.text('etc/hotplug.json');
    const found = procdNode(source, device, SUBSYSTEM);
    if (found !== undefined) state = changed(state, { mode: found.mode, group: found.group }, source?.file ?? '');
  }
  return { outcomes: [{ when: 'after the boot', state, directory, top, event: undefined }] };
}
