/** Services of an image against the profile: whether those that are to use heaps reach them. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import {
  type Accounts,
  type Image,
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

const DRIVER = 'dma_heap';

export interface Services {
  readonly files: UnitFiles;
  readonly all: readonly Service[];
}

export function servicesOf(image: Image, accounts: Accounts): Services {
  const files = new UnitFiles(image);
  return { files, all: files.all('service').map((unit) => readService(unit, accounts)) };
}

const spanOf = ({ source, offset, length }: Setting): Span => source.span(offset, length);
const isVerifier = ({ programs }: Service) => programs.some((program) => /(?:^|\/)dmaheap-verify$/.test(program));

/** Heaps that a service is to use: by its user, by a group of its own, or all of them as the verifier. */
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
  { files, all }: Services,
  namesOf: (heap: PlannedHeap) => readonly string[],
): Diagnostic[] {
  const root: RootFacts = {
    isDirectory: (path) => image.isDirectory(path),
    isFile: (path) => image.isFile(path),
    systemd: systemdOf(image),
  };
  return all.flatMap((service) => {
    const heaps = heapsOf(plan, service);
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
    if (heaps.length > 0 && found.size === 0)
      return [
        report('image/service', {
          message: `${service.unit.name} runs as ${service.user}, and no setting keeps it from ${heaps.map(({ name }) => name).join(' and ')}`,
        }),
      ];
    return [...found.values()];
  });
}

/** Whether every unit that runs as a user has a group by itself, and which units these are. */
export function unitsWithGroup({ all }: Services, user: string, group: string): readonly string[] | undefined {
  const own = all.filter((service) => service.user === user);
  if (own.length === 0 || !own.every(({ ownGroups }) => ownGroups.has(group))) return undefined;
  return own.map(({ unit }) => unit.name);
}

export const startsVerifier = ({ all }: Services): string | undefined => all.find(isVerifier)?.unit.name;
