/** Whether the processes of a container reach the heaps of the profile: the device, its rights, and who may open it. */
import { type CodeTable, type Diagnostic, defineCodes, hasErrors, reporter, type Span } from '../diagnostic/index.js';
import {
  type Accounts,
  type Container,
  type ContainerFile,
  type ContainerKind,
  LXC_RULE,
  obstacleTo,
  type RootFacts,
  readService,
  type Setting,
  SPELLINGS,
  type UnitFiles,
} from '../image/index.js';
import { linksOf } from '../plan/links.js';
import type { Plan, PlannedHeap } from '../plan/types.js';
import { type CheckResult, report as reportCheck } from './types.js';

export const CONTAINER_CODES = defineCodes({
  'container/reached': {
    severity: 'note',
    title: 'a container that reaches the heaps',
    explain:
      'The finding names the lines that give the container the device nodes, and the user or group that can open them.',
  },
  'container/device': {
    severity: 'error',
    title: 'a container that does not get a heap',
    explain:
      'A container has a separate /dev: a heap is there only if the compose file, the Quadlet unit or the LXC configuration names the node or its directory. A bind mount shows the node, but the device cgroup denies access to it unless a rule allows it.',
  },
  'container/access': {
    severity: 'error',
    title: 'a container whose processes may not open a heap',
    explain:
      'The kernel compares the numbers of the process with the owner and group of the node on the host. A name in group_add: or GroupAdd= is looked up in /etc/group of the container, which may have another number for it.',
  },
  'container/unknown': {
    severity: 'warning',
    title: 'whether a container reaches a heap depends on an input that is not given',
    explain:
      'It depends on the accounts of the container, on the number of the group on the host, or on other files or variables. Give --rootfs with the container image or with the root file system of the host, or write numbers instead of names.',
  },
} satisfies CodeTable);
const report = reporter(CONTAINER_CODES);

const DRIVER = 'dma_heap';
const FOLDER = '/dev/dma_heap';

/** Who is who, as far as the given files show. */
export interface ContainerWorld {
  /** Of the host whose kernel has the heaps. */
  readonly host: Accounts | undefined;
  /** Of the container image. */
  readonly inside: Accounts | undefined;
  /** USER of the container image; empty: root. */
  readonly imageUser: string | undefined;
}

interface Answer {
  readonly status: 'pass' | 'fail' | 'unknown';
  readonly code: 'container/reached' | 'container/device' | 'container/access' | 'container/unknown';
  readonly cause: string;
  readonly fix?: string;
  readonly span: Span;
}

const answer = (code: Answer['code'], span: Span, cause: string, fix?: string): Answer => ({
  status: code === 'container/reached' ? 'pass' : code === 'container/unknown' ? 'unknown' : 'fail',
  code,
  cause,
  span,
  ...(fix === undefined ? {} : { fix }),
});

const covers = (above: string, path: string) => above === '/' || path === above || path.startsWith(`${above}/`);
const isUsable = (rights: string) => rights.includes('r') && rights.includes('w');
const missingRight = (rights: string) => (rights.includes('r') ? 'write' : 'read');

/** The device node: whether it is in the container, at its own path, open for reading and writing. */
function deviceOf(container: Container, kind: ContainerKind, node: string, links: readonly string[]): Answer {
  const fix = SPELLINGS[kind].device(FOLDER);
  const { devices, mounts, privileged, span } = container;
  if (privileged !== undefined)
    return answer('container/reached', privileged, 'a privileged container gets all devices');
  const own = [node, ...links];
  // A link that is named is followed; one in a directory is not made in the container.
  const grants = devices.filter(({ host }) => covers(host, node) || own.includes(host));
  const placed = grants.filter(({ host, inside }) => host === inside || own.includes(inside));
  const [grant] = placed.filter(({ rights }) => isUsable(rights)).concat(placed);
  if (grant !== undefined)
    return isUsable(grant.rights)
      ? answer('container/reached', grant.span, `the device list has ${grant.host}`)
      : answer(
          'container/device',
          grant.span,
          `the device list gives ${grant.host} with "${grant.rights}", without ${missingRight(grant.rights)} access`,
          'give it "rw"',
        );
  const mount = mounts.find(({ host, inside }) => covers(host, node) && host === inside);
  if (mount !== undefined) return controllerOf(container, kind, mount);
  const elsewhere = grants[0] ?? mounts.find(({ host }) => covers(host, node));
  if (elsewhere !== undefined)
    return answer(
      'container/device',
      elsewhere.span,
      `it is at ${elsewhere.inside}${node.slice(elsewhere.host.length)} in the container, where no program looks for it`,
      `mount ${elsewhere.host} at the same path`,
    );
  const others = devices.filter(({ host }) => covers(FOLDER, host)).map(({ host }) => host);
  return answer(
    'container/device',
    devices.find(({ host }) => covers(FOLDER, host))?.span ?? span,
    others.length > 0 ? `the device list has only ${others.join(', ')}` : `nothing brings ${FOLDER} into the container`,
    fix,
  );
}

/** A bind mount shows the node; whether it can be opened is for the device controller. */
function controllerOf({ isClosed, rules }: Container, kind: ContainerKind, mount: Container['mounts'][number]): Answer {
  if (mount.isNoDev)
    return answer(
      'container/device',
      mount.span,
      `it is mounted with "nodev", so no device below it can be opened`,
      'remove nodev',
    );
  if (!isClosed) return answer('container/reached', mount.span, `it mounts ${mount.host}, and no rule closes devices`);
  const about = rules.filter(({ isAllowed, type }) => isAllowed && (type === 'c' || type === 'a'));
  const open = about.filter(({ major }) => major === '*');
  const [rule] = open.filter(({ rights }) => isUsable(rights)).concat(open);
  if (rule !== undefined)
    return isUsable(rule.rights)
      ? answer('container/reached', rule.span, `it mounts ${mount.host}, and a rule opens all character devices`)
      : answer(
          'container/device',
          rule.span,
          `the rule does not give ${missingRight(rule.rights)} access`,
          'give it "rw"',
        );
  const [numbered] = about.filter(({ rights }) => isUsable(rights));
  if (numbered !== undefined)
    return answer(
      'container/unknown',
      numbered.span,
      `the rule names the major number ${numbered.major}, and the kernel allocates that of the heaps at each boot`,
      kind === 'lxc'
        ? `compare it with the number of ${DRIVER} in /proc/devices of the host`
        : SPELLINGS[kind].device(FOLDER),
    );
  return answer(
    'container/device',
    mount.span,
    `it mounts ${mount.host}, but the device controller of the container denies opening devices that no rule allows`,
    kind === 'lxc' ? `add ${LXC_RULE}` : SPELLINGS[kind].device(FOLDER),
  );
}

const numberOf = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);
const idOf = (table: Accounts['groups' | 'users'] | undefined, text: string): number | undefined =>
  numberOf(text) ?? (text === 'root' ? 0 : table?.get(text)?.id);

interface Person {
  /** undefined: not known. */
  readonly uid: number | undefined;
  readonly name: string;
  /** Numbers of its groups, and names whose number is not known. */
  readonly gids: readonly number[];
  readonly unresolved: readonly string[];
}

function personOf(container: Container, { inside, imageUser }: ContainerWorld): Person | undefined {
  const [imageOwn, imageGroup] = imageUser?.split(':') ?? [];
  const name = container.user?.text ?? (imageUser === undefined ? undefined : imageOwn || '0');
  const primary = container.group?.text ?? (container.user === undefined ? imageGroup : undefined);
  const named = [...(primary === undefined ? [] : [primary]), ...container.groups.map(({ text }) => text)];
  if (name === undefined && named.length === 0) return undefined;
  const uid = name === undefined ? undefined : idOf(inside?.users, name);
  const account = [...(inside?.users.values() ?? [])].find(
    (one) => one.name === name || (uid !== undefined && one.id === uid),
  );
  const listed = [...(inside?.groups.values() ?? [])].filter(
    ({ members }) => account !== undefined && members.includes(account.name),
  );
  const own = primary === undefined && account?.group !== undefined ? [account.group] : [];
  const all = [...named, ...own, ...listed.map((one) => one.name)];
  const ids = all.map((one) => [one, idOf(inside?.groups, one)] as const);
  return {
    uid,
    name: name ?? 'the user of the image',
    gids: ids.flatMap(([, id]) => id ?? []),
    unresolved: ids.flatMap(([one, id]) => (id === undefined ? [one] : [])),
  };
}

/** Whether the process may open a node of root and a group. */
function accessOf(container: Container, kind: ContainerKind, group: string | undefined, world: ContainerWorld): Answer {
  const { namespace, span, user } = container;
  const at = user?.span ?? container.groups[0]?.span ?? span;
  const hostId = group === undefined ? undefined : world.host?.groups.get(group)?.id;
  const number = hostId === undefined ? 'NUMBER' : String(hostId);
  const whence = hostId === undefined ? `; on the host, getent group ${group} | cut -d: -f3 prints NUMBER` : '';
  const person = personOf(container, world);
  if (namespace.kind === 'own') {
    const kept = container.groups.find(({ text }) => text === 'keep-groups');
    if (kept !== undefined)
      return answer(
        'container/unknown',
        kept.span,
        `with keep-groups the groups of the user who starts it count, and the file does not name the user`,
        `add that user to ${group}`,
      );
    if (
      namespace.groups.length > 0 &&
      hostId !== undefined &&
      namespace.groups.some(({ outside, count }) => outside <= hostId && hostId < outside + count)
    )
      return answer(
        'container/unknown',
        namespace.span,
        `the number ${hostId} of ${group} is mapped; the container decides which users are in that group`,
        'check with id in the container',
      );
    if (namespace.groups.length > 0 && hostId === undefined)
      return answer(
        'container/unknown',
        namespace.span,
        `the number of ${group} on the host is not known, so its mapping cannot be looked up`,
        'give --rootfs with the root file system of the host',
      );
    return answer(
      'container/access',
      namespace.span,
      `its root is not root of the host, and the group ${group} of the node is not mapped into the container`,
      kind === 'quadlet'
        ? 'add GroupAdd=keep-groups, and the user who starts it to the group'
        : `${SPELLINGS[kind].group(number)}${whence}`,
    );
  }
  if (person?.uid === 0) return answer('container/reached', at, 'root owns the nodes');
  if (group === undefined)
    return person?.uid === undefined
      ? answer(
          'container/unknown',
          at,
          'only root may open the heap, and the user of the container is not known',
          'give --rootfs with the container image',
        )
      : answer(
          'container/access',
          at,
          `only root may open the heap, and the container runs as ${person.name}`,
          'give the heap a group in the profile',
        );
  if (person === undefined)
    return answer(
      'container/unknown',
      span,
      'it states neither user nor groups, so those of its image count',
      `give --rootfs with the container image, or ${SPELLINGS[kind].group(number)}${whence}`,
    );
  if (hostId !== undefined && person.gids.includes(hostId))
    return answer('container/reached', at, `${person.name} is in the group ${hostId}, which is ${group} of the host`);
  const isName = person.unresolved.length > 0;
  if (hostId === undefined && (person.gids.length > 0 || isName))
    return answer(
      'container/unknown',
      at,
      `the number of ${group} on the host is not known; the groups of the container are ${[...person.gids, ...person.unresolved].join(', ')}`,
      'give --rootfs with the root file system of the host, or compare the numbers',
    );
  if (isName)
    return answer(
      'container/unknown',
      at,
      `${person.unresolved.join(', ')} is looked up in the container, and the number there is not known`,
      `write the number of the host: ${number}${whence}`,
    );
  if (person.uid === undefined && user === undefined)
    return answer(
      'container/unknown',
      at,
      'it does not state the user, so that of its image counts',
      `give --rootfs with the container image, or ${SPELLINGS[kind].group(number)}${whence}`,
    );
  return answer(
    'container/access',
    at,
    `${person.name} is ${person.gids.length === 0 ? 'in no further group' : `in the groups ${person.gids.join(', ')}`}, and the nodes are of ${group}${hostId === undefined ? '' : ` (${hostId})`}`,
    `${SPELLINGS[kind].group(number)}${whence}`,
  );
}

/** What a Quadlet unit says of the service that starts podman. */
export interface OwnService {
  readonly settings: readonly Setting[];
  readonly files: UnitFiles;
  readonly accounts: Accounts;
  readonly root: RootFacts;
}

function serviceOf(
  name: string,
  { settings, files, accounts, root }: OwnService,
  nodes: readonly string[],
): Answer | undefined {
  const unit = { name: `${name}.service`, path: '', settings };
  const found = obstacleTo(readService(unit, accounts), nodes, DRIVER, files, root);
  return found === undefined
    ? undefined
    : answer(
        'container/device',
        found.setting.source.span(found.setting.offset, found.setting.length),
        `its service: ${found.cause}`,
        found.fix,
      );
}

/** Heaps that a container is to reach: those of its user or groups, else all that anybody but root may open. */
function heapsOf(plan: Plan, { user, groups, group }: Container, { host }: ContainerWorld): readonly PlannedHeap[] {
  const named = [group, ...groups].flatMap((one) => (one === undefined ? [] : [one.text]));
  const own = plan.heaps.filter(({ access }) => {
    if (access === undefined) return false;
    const id = host?.groups.get(access.group)?.id;
    return (
      access.users.includes(user?.text ?? '') ||
      named.includes(access.group) ||
      (id !== undefined && named.includes(String(id)))
    );
  });
  if (own.length > 0) return own;
  const shared = plan.heaps.filter(({ access }) => access !== undefined);
  return shared.length > 0 ? shared : plan.heaps;
}

/** Whether a container has to do with heaps: it is given one, or its user or group is one of the profile. */
export function isAboutHeaps(plan: Plan, { devices, mounts, privileged, user, groups, group }: Container): boolean {
  const names = [user, group, ...groups].flatMap((one) => (one === undefined ? [] : [one.text]));
  return (
    privileged !== undefined ||
    [...devices, ...mounts].some(({ host }) => covers(FOLDER, host) || host === '/dev') ||
    plan.heaps.some(
      ({ access }) =>
        access !== undefined && names.some((name) => name === access.group || access.users.includes(name)),
    )
  );
}

export interface ContainerInput extends ContainerFile {
  /** How findings name the file. */
  readonly shown: string;
  readonly service?: OwnService;
}

const TITLE = 'the containers reach the heaps of the profile';

/** For a container image alone: which devices its processes get is said elsewhere. */
export function containersNotNamed(): CheckResult {
  return {
    check: 'container-devices',
    title: TITLE,
    status: 'not-run',
    diagnostics: [
      reportCheck('check/input-missing', {
        message: '--rootfs is a container image: container-devices was not run without --container',
        cause:
          'a compose file, a Quadlet unit or an LXC configuration gives the processes of a container their devices',
        fix: 'give that file with --container',
      }),
    ],
    missingTools: [],
  };
}

export function checkContainers(
  plan: Plan,
  files: readonly ContainerInput[],
  world: ContainerWorld,
  namesOf: (heap: PlannedHeap) => readonly string[],
): CheckResult {
  const diagnostics = files.flatMap((file) => judgeFile(plan, file, world, namesOf));
  const isUnknown = diagnostics.some(({ code }) => code === 'container/unknown');
  const isReached = diagnostics.some(({ code }) => code === 'container/reached');
  return {
    check: 'container-devices',
    title: `${TITLE} (${files.map(({ shown }) => shown).join(', ')})`,
    status: hasErrors(diagnostics) ? 'fail' : isUnknown || !isReached ? 'unknown' : 'pass',
    diagnostics,
    missingTools: [],
  };
}

function judgeFile(
  plan: Plan,
  file: ContainerInput,
  world: ContainerWorld,
  namesOf: (heap: PlannedHeap) => readonly string[],
): Diagnostic[] {
  const { containers, shown, kind, included = [] } = file;
  const isAlone = containers.length === 1 && included.length === 0;
  const about = isAlone ? containers : containers.filter((one) => isAboutHeaps(plan, one));
  const [first] = containers;
  if (about.length === 0) {
    const unread = [...included, ...containers.flatMap((one) => one.unread)];
    const names = containers.map(({ name }) => name).join(', ');
    const message = `no container of ${shown} is given ${FOLDER}${names === '' ? '' : `: ${names}`}`;
    if (unread[0] !== undefined)
      return [
        report('container/unknown', {
          message,
          cause: unread[0].text,
          fix: 'give the output of `docker compose config`',
          span: unread[0].span,
        }),
      ];
    return [
      report('container/device', {
        message,
        fix: SPELLINGS[kind].device(FOLDER),
        ...(first === undefined ? {} : { span: first.span }),
      }),
    ];
  }
  return about.flatMap((container) => judge(plan, container, file, world, namesOf));
}

function judge(
  plan: Plan,
  container: Container,
  { kind, service }: ContainerInput,
  world: ContainerWorld,
  namesOf: (heap: PlannedHeap) => readonly string[],
): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const heap of heapsOf(plan, container, world)) {
    const names = namesOf(heap);
    const answers = names.map((name) => {
      const links = linksOf(plan, heap)
        .filter(({ to }) => to === name)
        .map((link) => `${FOLDER}/${link.name}`);
      const node = `${FOLDER}/${name}`;
      const stopped = service === undefined ? undefined : serviceOf(container.name, service, [node, ...links]);
      return stopped ?? deviceOf(container, kind, node, links);
    });
    const device = answers.find(({ status }) => status !== 'pass');
    // A device list by names fits the kernels that call the heap so.
    const isPart = device?.status === 'fail' && answers.some(({ status }) => status === 'pass');
    const blocked =
      device === undefined
        ? undefined
        : isPart
          ? {
              ...device,
              status: 'unknown' as const,
              code: 'container/unknown' as const,
              cause: `it gets ${names.filter((_, i) => answers[i]?.status === 'pass').join(', ')}, and other kernels of the profile call the heap ${names.filter((_, i) => answers[i]?.status !== 'pass').join(', ')}`,
            }
          : device;
    const access = accessOf(container, kind, heap.access?.group, world);
    const wrong = [blocked, access.status === 'pass' ? undefined : access].filter((one) => one !== undefined);
    // What the file does not show may bring what is missing.
    const [hidden] = container.unread;
    for (const one of wrong) {
      const isOpen = one.status === 'fail' && one.code === 'container/device' && hidden !== undefined;
      const { code, cause, span, fix } = isOpen
        ? {
            ...answer(
              'container/unknown',
              hidden.span,
              hidden.text,
              'give what the runtime makes of it, such as `docker compose config`',
            ),
          }
        : one;
      const message =
        code === 'container/unknown'
          ? `whether ${container.name} may use the heap ${heap.name} is not known`
          : code === 'container/access'
            ? `${container.name} may not open the heap ${heap.name}`
            : `${container.name} does not get the heap ${heap.name}`;
      found.set(message, report(code, { message, cause, ...(fix === undefined ? {} : { fix }), span }));
    }
    if (wrong.length === 0)
      found.set(
        heap.name,
        report('container/reached', {
          message: `${container.name} reaches the heap ${heap.name}: ${answers[0]?.cause}; ${access.cause}`,
          span: (answers[0] as Answer).span,
        }),
      );
  }
  return [...found.values()];
}
