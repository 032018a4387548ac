/** Services of an image against the profile: whether those that are to use heaps reach them. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import {
  type Accounts,
  expandBraces,
  globPattern,
  groupsOf,
  type Image,
  lastOf,
  obstacleTo,
  type RootFacts,
  readService,
  type Service,
  type Setting,
  systemdOf,
  UnitFiles,
} from '../image/index.js';
import { linksOf } from '../plan/links.js';
import type { Plan, PlannedHeap } from '../plan/types.js';
import { reportImage as report } from './image-codes.js';
import { unmetCondition } from './image-conditions.js';

const DRIVER = 'dma_heap';

export interface Services {
  readonly accounts: Accounts;
  readonly files: UnitFiles;
  readonly all: readonly Service[];
}

export function servicesOf(image: Image, accounts: Accounts): Services {
  const files = new UnitFiles(image);
  return { accounts, files, all: files.all('service').map((unit) => readService(unit, accounts)) };
}

const spanOf = ({ source, offset, length }: Setting): Span => source.span(offset, length);
const isVerifier = ({ programs }: Service) => programs.some((program) => /(?:^|\/)dmaheap-verify$/.test(program));

/** The heaps that a service uses: those of its user or of its groups, or all of them for the verifier. */
function heapsOf(plan: Plan, service: Service): PlannedHeap[] {
  return plan.heaps.filter(
    ({ access }) =>
      isVerifier(service) ||
      (access !== undefined && (access.users.includes(service.user) || service.ownGroups.has(access.group))),
  );
}

export function checkUnits(
  plan: Plan,
  image: Image,
  { accounts, files, all }: Services,
  namesOf: (heap: PlannedHeap) => readonly string[],
  isTagged: (name: string) => boolean,
): { judged: readonly string[]; isUnknown: boolean; diagnostics: Diagnostic[] } {
  const names = new Set(
    plan.heaps.flatMap((heap) => [...namesOf(heap), ...linksOf(plan, heap).map(({ name }) => name)]),
  );
  const root: RootFacts = {
    isDirectory: (path) => image.isDirectory(path),
    isFile: (path) => image.isFile(path),
    systemd: systemdOf(image),
  };
  const judged: string[] = [];
  const diagnostics = all.flatMap((service) => {
    const heaps = heapsOf(plan, service);
    if (heaps.length > 0) judged.push(service.unit.name);
    const found = new Map<string, Diagnostic>();
    for (const heap of heaps)
      for (const name of namesOf(heap)) {
        const links = linksOf(plan, heap).filter(({ to }) => to === name);
        const paths = [name, ...links.map((link) => link.name)].map((one) => `/dev/dma_heap/${one}`);
        const obstacle = obstacleTo(service, paths, DRIVER, files, root);
        const key = `${obstacle?.setting.source.file}:${obstacle?.setting.offset}`;
        if (obstacle === undefined || found.has(key)) continue;
        found.set(
          key,
          report('image/device-policy', {
            message: `${service.unit.name} has ${obstacle.setting.key}=${obstacle.setting.value} and does not reach ${paths[0]}`,
            cause: obstacle.cause,
            fix: obstacle.fix,
            span: spanOf(obstacle.setting),
          }),
        );
      }
    if (heaps.length > 0)
      for (const one of [...lostGroups(service, heaps, accounts), ...neverStarts(service, names, isTagged)])
        found.set(one.message, one);
    const policy = heaps.length > 0 && found.size === 0 ? policyOf(image, service) : undefined;
    if (policy !== undefined) return [policy];
    if (heaps.length > 0 && found.size === 0)
      return [
        report('image/service', {
          message: `${service.unit.name} runs as ${service.user}, and no setting of the unit denies access to ${heaps.map(({ name }) => name).join(' and ')}`,
        }),
      ];
    return [...found.values()];
  });
  return { judged, isUnknown: diagnostics.some(({ code }) => code === 'image/confined'), diagnostics };
}

const LABELS = ['AppArmorProfile', 'SELinuxContext', 'SmackProcessLabel'];
const PROFILES = 'etc/apparmor.d';

/** A policy of a security module that the service runs under: one that its unit names, or one for its program. */
function policyOf(image: Image, { unit, programs }: Service): Diagnostic | undefined {
  const label = LABELS.map((key) => lastOf(unit, key)).find((one) => one !== undefined && one.value !== '');
  const profiles = image.list(PROFILES).flatMap((name) => image.text(`${PROFILES}/${name}`) ?? []);
  const attached = profiles.flatMap((source) =>
    [...source.text.matchAll(/^[ \t]*(?:profile[ \t]+\S+[ \t]+)?"?(\/[^\s"]+)"?[ \t][^\n]*\{[ \t]*$/gm)]
      .filter(([, path = '']) =>
        programs.some((program) => expandBraces(path).some((one) => globPattern(one, { isPath: true }).test(program))),
      )
      .map((match) => source.span(match.index, match[0].length)),
  );
  const span = label === undefined ? attached[0] : spanOf(label);
  if (span === undefined) return undefined;
  return report('image/confined', {
    message: `${unit.name} runs under ${label === undefined ? 'a profile of AppArmor for its program' : `${label.key}=${label.value}`}, and dmaheap does not read the policy`,
    cause: 'a policy can deny the access to a node whose mode permits it',
    fix: 'let the policy permit reading and writing of /dev/dma_heap; the log of the board shows each denial',
    span,
  });
}

/** Group= replaces the primary group of the user, and with it the access that the primary group gives. */
function lostGroups(service: Service, heaps: readonly PlannedHeap[], accounts: Accounts): Diagnostic[] {
  const given = lastOf(service.unit, 'Group');
  if (given === undefined || given.value === '' || service.user === 'root') return [];
  const own = groupsOf(accounts, service.user);
  return heaps.flatMap(({ name, access }) => {
    if (access === undefined || service.groups.has(access.group) || !own.has(access.group)) return [];
    return [
      report('image/device-policy', {
        message: `${service.unit.name} has Group=${given.value}, so its processes are not in ${access.group}, the group of ${name}`,
        cause: `Group= replaces ${access.group}, the primary group of ${service.user}`,
        fix: `add SupplementaryGroups=${access.group}`,
        span: spanOf(given),
      }),
    ];
  });
}

/** Dependencies on device units that do not exist, and conditions that the heaps of the board do not meet. */
function neverStarts(service: Service, names: ReadonlySet<string>, isTagged: (name: string) => boolean): Diagnostic[] {
  const { unit } = service;
  const unmet = unmetCondition(unit, names);
  const conditions =
    unmet === undefined
      ? []
      : [
          report('image/never-starts', {
            message: `${unit.name} starts only if ${unmet.wish}, ${unmet.isNegated ? 'but the board has it' : 'but no heap of the board has that name'}`,
            cause: `its heaps are ${[...names].join(', ')}`,
            fix: unmet.isNegated ? 'remove the condition' : 'name a heap of the board',
            span: spanOf(unmet.setting),
          }),
        ];
  const dependencies = unit.settings.flatMap((setting) => {
    const { section, key, value } = setting;
    if (section !== 'Unit') return [];
    if (!/^(?:Requires|Requisite|BindsTo)$/.test(key)) return [];
    return value.split(/\s+/).flatMap((word) => {
      const name = deviceName(word);
      if (name === undefined || (names.has(name) && isTagged(name))) return [];
      return [
        report('image/never-starts', {
          message: `${unit.name} waits for ${word}, which never appears`,
          cause: names.has(name)
            ? `no rule tags the heap ${name} "systemd"`
            : `no heap of the board is called ${name}; its heaps are ${[...names].join(', ')}`,
          fix: names.has(name)
            ? 'remove the dependency, because the node exists before any service starts; or add a rule with TAG+="systemd"'
            : 'name a heap of the board',
          span: spanOf(setting),
        }),
      ];
    });
  });
  return [...conditions, ...dependencies];
}

/** Name of a heap in the name of a device unit: systemd writes "/" as "-", and most other characters as \\xNN. */
function deviceName(unit: string): string | undefined {
  const escaped = /^dev-dma_heap-(.+)\.device$/.exec(unit)?.[1];
  return escaped
    ?.replaceAll('-', '/')
    .replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Whether every unit that runs as a user has a group by itself, and which units these are. */
export function unitsWithGroup({ all }: Services, user: string, group: string): readonly string[] | undefined {
  const own = all.filter((service) => service.user === user);
  if (own.length === 0 || !own.every(({ ownGroups }) => ownGroups.has(group))) return undefined;
  return own.map(({ unit }) => unit.name);
}

export const startsVerifier = ({ all }: Services): string | undefined => all.find(isVerifier)?.unit.name;
