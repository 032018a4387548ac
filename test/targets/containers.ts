/** Judges of the target `container`: podman's Quadlet generator, docker-compose, liblxc, and this project's reader of such files. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { debianPackage } from '../../src/build/fetch/index.js';
import { readContainerFile } from '../../src/image/index.js';
import type { Plan } from '../../src/plan/types.js';
import { SourceText } from '../../src/source/index.js';
import { objections } from './tools.js';
import type { Tree } from './tree.js';

/** The numbers on the host of groups that the profile does not number. */
const FIRST_GID = 995;
const opened = (plan: Plan) => plan.heaps.filter(({ access }) => access !== undefined);
const certain = (plan: Plan) => opened(plan).filter(({ optional }) => !optional);
const unnumbered = (plan: Plan) => plan.groups.filter(({ gid }) => gid === undefined);
/** The variables of the generated files, with the number of the host for each. */
const numbersByVariable = (plan: Plan): Record<string, string> =>
  Object.fromEntries(
    unnumbered(plan).map(({ name }, i, all) => [
      all.length === 1 ? 'DMAHEAP_GID' : `DMAHEAP_GID_${name.toUpperCase().replaceAll('-', '_')}`,
      `${FIRST_GID + i}`,
    ]),
  );
const numbers = (plan: Plan) => [
  ...plan.groups.flatMap(({ gid }) => (gid === undefined ? [] : [`${gid}`])),
  ...Object.values(numbersByVariable(plan)),
];

/** Compares what a reader found with the plan, whatever the order. */
function compared(plan: Plan, devices: readonly string[], groups: readonly string[]): string {
  const lost = certain(plan).filter(
    (heap) =>
      ![...heap.aliases, ...heap.nodes.map(({ name }) => name)].some((name) =>
        devices.includes(`/dev/dma_heap/${name}`),
      ),
  );
  const missing = opened(plan).flatMap(({ aliases }) =>
    aliases.filter((name) => !devices.includes(`/dev/dma_heap/${name}`)),
  );
  return [
    ...lost.map(({ name }) => `no device of the heap ${name}`),
    ...missing
      .filter((name) => certain(plan).some(({ aliases }) => aliases.includes(name)))
      .map((name) => `no alias ${name}`),
    ...numbers(plan).flatMap((number) => (groups.includes(number) ? [] : [`no group ${number}: ${groups.join(' ')}`])),
  ].join('\n');
}

/** `docker-compose config` of a service that extends the generated one, with the number of the group in the environment. */
async function compose(directory: string, scratch: string, plan: Plan): Promise<string> {
  const root = await debianPackage('trixie', 'amd64', 'docker-compose');
  const program = path.join(root, 'usr/libexec/docker/cli-plugins/docker-compose');
  cpSync(path.join(directory, 'dmaheap.compose.yaml'), path.join(scratch, 'dmaheap.compose.yaml'));
  const file = path.join(scratch, 'compose.yaml');
  writeFileSync(
    file,
    'services:\n  camera:\n    image: example.org/camera:1\n    extends: { file: dmaheap.compose.yaml, service: dmaheap }\n',
  );
  const args = ['-f', file, 'config', '--format', 'json'];
  const { exitCode, stdout, stderr } = await execa(program, args, { reject: false, env: numbersByVariable(plan) });
  if (exitCode !== 0) return `docker-compose: ${stderr}`;
  const service = JSON.parse(stdout).services.camera as {
    devices?: readonly { source: string; target: string }[];
    group_add?: readonly string[];
  };
  const objection = compared(plan, service.devices?.map(({ target }) => target) ?? [], service.group_add ?? []);
  if (objection !== '') return objection;
  for (const variable of Object.keys(numbersByVariable(plan))) {
    const env = { ...numbersByVariable(plan), [variable]: '' };
    const { exitCode: without, stderr: asked } = await execa(program, args, { reject: false, env });
    if (without === 0 || !asked.includes('getent group')) return `it does not ask for ${variable}`;
  }
  return '';
}

/** The generated drop-in under a unit, as podman's generator turns both into a service. */
async function quadlet(directory: string, scratch: string, plan: Plan): Promise<string> {
  const root = await debianPackage('trixie', 'amd64', 'podman');
  const units = path.join(scratch, 'quadlet');
  mkdirSync(units, { recursive: true });
  writeFileSync(path.join(units, 'camera.container'), '[Container]\nImage=example.org/camera:1\n');
  cpSync(path.join(directory, 'dmaheap.container.d'), path.join(units, 'camera.container.d'), { recursive: true });
  const { exitCode, stdout, stderr } = await execa(
    path.join(root, 'usr/libexec/podman/quadlet'),
    ['-dryrun', '-no-kmsg-log'],
    {
      reject: false,
      env: { QUADLET_UNIT_DIRS: units },
    },
  );
  const start = /^ExecStart=(.*)$/m.exec(stdout)?.[1];
  if (exitCode !== 0 || start === undefined) return `quadlet: ${stderr}`;
  const words = start.replaceAll('"', '').split(' ');
  const devices = words.filter((_, i) => words[i - 1] === '--device');
  const groups = words.flatMap((word) => (word.startsWith('--group-add=') ? [word.slice('--group-add='.length)] : []));
  return compared(
    plan,
    devices,
    groups.map((group) => numbersByVariable(plan)[/^\$\{(\w+)\}$/.exec(group)?.[1] ?? ''] ?? group),
  );
}

/** liblxc reads the configuration; the rule that the script writes is there as on a host whose heaps have the number 250. */
async function lxc(directory: string, scratch: string): Promise<string> {
  const root = await debianPackage('trixie', 'amd64', 'lxc', { withDependencies: true });
  const container = path.join(scratch, 'lxc/camera');
  mkdirSync(container, { recursive: true });
  const rule = path.join(scratch, 'lxc.conf');
  writeFileSync(rule, 'lxc.cgroup2.devices.allow = c 250:* rw\n');
  const text = readFileSync(path.join(directory, 'lxc/dmaheap.conf'), 'utf8').replace('/run/dmaheap/lxc.conf', rule);
  writeFileSync(path.join(container, 'config'), `lxc.uts.name = camera\n${text}`);
  const library = path.join(root, 'usr/lib/x86_64-linux-gnu');
  const info = [path.join(root, 'usr/bin/lxc-info'), '-P', path.dirname(container), '-n', 'camera'];
  const items = ['-c', 'lxc.mount.entry', '-c', 'lxc.cgroup2.devices.allow'];
  const loader = path.join(library, 'ld-linux-x86-64.so.2');
  const { exitCode, all } = await execa(loader, ['--library-path', library, ...info, ...items], {
    reject: false,
    all: true,
  });
  const wanted = ['/dev/dma_heap dev/dma_heap none bind,optional,create=dir 0 0', 'c 250:* rw'];
  return exitCode === 0 ? wanted.filter((one) => !all.includes(one)).join('\n') : `lxc-info: ${all}`;
}

/** This project's reader, which judges images with it. */
function ownReader(directory: string): string {
  return ['dmaheap.compose.yaml', 'dmaheap.container.d/dmaheap.conf', 'lxc/dmaheap.conf']
    .filter((file) => {
      const [one] =
        readContainerFile(new SourceText(file, readFileSync(path.join(directory, file), 'utf8')))?.containers ?? [];
      return (one?.devices.length ?? 0) + (one?.mounts.length ?? 0) === 0;
    })
    .map((file) => `${file}: the own reader finds no device`)
    .join('\n');
}

export async function container(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  if (opened(plan).length === 0)
    return existsSync(path.join(directory, 'dmaheap.compose.yaml')) ? 'files for no heap' : '';
  const script = path.join(directory, 'lxc/dmaheap-lxc.sh');
  return [
    await compose(directory, scratch, plan),
    await quadlet(directory, scratch, plan),
    await lxc(directory, scratch),
    await objections('sh', ['-n', script]),
    ownReader(directory),
  ]
    .filter((text) => text !== '')
    .join('\n');
}
