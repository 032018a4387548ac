/** Files about containers: those that --container names, and those that lie in the root file system of the host. */
import { type ContainerInput, isAboutHeaps, type OwnService } from '../check/container.js';
import {
  type Accounts,
  type ContainerFile,
  type Image,
  readContainerFile,
  readQuadlet,
  readSettings,
  systemdOf,
  UnitFiles,
} from '../image/index.js';
import type { Plan } from '../plan/index.js';
import { SourceText } from '../source/index.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { readText } from './files.js';
import { shownPath } from './profile.js';
import { Refusal } from './refusal.js';

/** @throws {@link Refusal} */
export function givenContainers(
  context: Context,
  names: readonly string[],
  host: Host | undefined,
  sources: Map<string, SourceText>,
): ContainerInput[] {
  return names.map((name) => {
    const got = readText(context.resolve(name));
    if ('error' in got) throw new Refusal(`cannot read --container ${name}: ${got.error}`, EXIT.environment, KINDS);
    const source = new SourceText(shownPath(context, name), got.text);
    const found = readContainerFile(source);
    if (found === undefined)
      throw new Refusal(
        `--container ${name}: not a compose file, a Quadlet unit or an LXC configuration`,
        EXIT.usage,
        KINDS,
      );
    sources.set(source.file, source);
    return inputOf(found, [source], host);
  });
}

const KINDS = 'give compose.yaml, NAME.container of podman, or the config of an LXC container';

export interface Host {
  readonly image: Image;
  readonly accounts: Accounts;
}

function inputOf(file: ContainerFile, sources: readonly SourceText[], host: Host | undefined): ContainerInput {
  const shown = sources[0]?.file ?? '';
  if (file.kind !== 'quadlet' || host === undefined) return { ...file, shown };
  const { image, accounts } = host;
  const service: OwnService = {
    settings: sources.flatMap(readSettings).filter(({ section }) => section === 'Service'),
    files: new UnitFiles(image),
    accounts,
    root: {
      isDirectory: (path) => image.isDirectory(path),
      isFile: (path) => image.isFile(path),
      systemd: systemdOf(image),
    },
  };
  return { ...file, shown, service };
}

const QUADLETS = ['etc/containers/systemd', 'usr/share/containers/systemd'];
const LXC = 'var/lib/lxc';

/** Containers of the host's image that have to do with heaps. */
export function containersIn(plan: Plan, host: Host): ContainerInput[] {
  const { image } = host;
  const quadlets = QUADLETS.flatMap((top) =>
    [top, ...image.list(top).map((name) => `${top}/${name}`)].flatMap((folder) =>
      image
        .list(folder)
        .filter((name) => name.endsWith('.container'))
        .map((name) => `${folder}/${name}`),
    ),
  ).flatMap((path) => {
    const dropIns = image
      .list(`${path}.d`)
      .filter((name) => name.endsWith('.conf'))
      .map((name) => `${path}.d/${name}`);
    const sources = [path, ...dropIns].flatMap((file) => image.text(file) ?? []);
    const found = readQuadlet(sources);
    return found === undefined ? [] : [inputOf({ kind: 'quadlet' as const, containers: [found] }, sources, host)];
  });
  const lxc = image.list(LXC).flatMap((name) => {
    const source = image.text(`${LXC}/${name}/config`);
    const found = source === undefined ? undefined : readContainerFile(source);
    return source === undefined || found?.kind !== 'lxc' ? [] : [inputOf(found, [source], host)];
  });
  return [...quadlets, ...lxc].filter(({ containers }) => containers.some((one) => isAboutHeaps(plan, one)));
}
