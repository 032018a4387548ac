/**
 * `udevadm test` of a release in a root directory of its own, with a sysfs of plain files that has the heaps. Up to 253 it
 * sets owner and mode of the node; later ones only say what they would set.
 */
import { lstatSync, mkdirSync, readFileSync, type Stats, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { debianPackage, type Suite } from '../../../src/build/fetch/index.js';
import { afterEvent, deviceWorld, eventOptions, managerOf } from '../../../src/check/image-nodes.js';
import { deviceEvent, heapDevice } from '../../../src/check/udev-event.js';
import { Image, KERNEL_NODE, readAccounts } from '../../../src/image/index.js';
import { HEAPS } from './dice.js';
import { forEachImage, type Judge, makeRig, numberOf, run, sorted, spellNode } from './judge.js';
import type { RandomImage } from './random.js';

const ACTIONS = ['add', 'change'] as const;
const heapOf = ({ seed }: RandomImage) => HEAPS[seed % HEAPS.length] as string;

/** The last udevadm whose `test` acts on the node. */
const ACTS_UNTIL = 253;

function addDevice(root: string, heap: string, minor: number): void {
  const device = path.join(root, 'sys/devices/virtual/dma_heap', heap);
  for (const folder of [device, path.join(root, 'sys/class/dma_heap'), path.join(root, 'sys/dev/char')])
    mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(device, 'uevent'), `MAJOR=250\nMINOR=${minor}\nDEVNAME=dma_heap/${heap}\n`);
  writeFileSync(path.join(device, 'dev'), `250:${minor}\n`);
  symlinkSync('../../../../class/dma_heap', path.join(device, 'subsystem'));
  symlinkSync(`../../devices/virtual/dma_heap/${heap}`, path.join(root, 'sys/class/dma_heap', heap));
  symlinkSync(`../../devices/virtual/dma_heap/${heap}`, path.join(root, `sys/dev/char/250:${minor}`));
}

/** @param node the node that it acted on; undefined: it only says what it would do */
function readAnswer(output: string, node: Stats | undefined): [string, string][] {
  const property = (name: string, separator: string) =>
    (new RegExp(`^ *${name}=(.*)$`, 'm').exec(output)?.[1] ?? '').split(separator).filter((one) => one !== '');
  const said = (title: string, pattern: RegExp) =>
    pattern.exec(new RegExp(`^Device node ${title}:.*\\n {2}(.*)$`, 'm').exec(output)?.[1] ?? '')?.[1];
  const [uid, gid] = [said('owner', /uid=(\d+)/), said('group', /gid=(\d+)/)];
  // A group without a mode: udev-event.c gives the node 0660.
  const mode = said('permission', /^(\d+)/) ?? (gid !== undefined && gid !== '0' ? '660' : '600');
  return [
    [
      '',
      node === undefined
        ? spellNode(Number(uid ?? 0), Number(gid ?? 0), Number.parseInt(mode, 8))
        : spellNode(node.uid, node.gid, node.mode),
    ],
    [' links', sorted(property('DEVLINKS', ' '))],
    [' tags', sorted(property('CURRENT_TAGS', ':'))],
  ];
}

export async function udevadm(work: string, suite: Suite): Promise<Judge> {
  const files = await debianPackage(suite, 'amd64', 'udev', { withDependencies: true });
  const at = (name: string) =>
    ['usr/', ''].map((top) => path.join(files, top, name)).find((file) => lstatSync(file, { throwIfNoEntry: false })) ??
    name;
  const folders = ['usr/lib', 'lib'].flatMap((top) =>
    ['', '/systemd'].map((more) => path.join(files, top, `x86_64-linux-gnu${more}`)),
  );
  const loader = at('lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
  const rig = path.join(work, `udev-${suite}`);
  const call = makeRig(rig, at('bin/udevadm'), folders, loader);
  for (const [i, heap] of HEAPS.entries()) addDevice(rig, heap, i);
  const [command = '', ...args] = call.replace('"$rig"', rig).split(' ');
  const release = Number(/^\d+/.exec(run(command, [...args, '--version']).stdout)?.[0]);
  if (Number.isNaN(release)) throw new Error(`udevadm of ${suite} does not start`);
  return {
    name: `udevadm ${release}`,
    async theirs(images, folder) {
      const one = (action: string) => `rm -rf "$rig/dev/dma_heap" "$rig/run" && mkdir -p "$rig/dev/dma_heap" "$rig/run"
mknod -m 600 "$rig/dev/dma_heap/$heap" c 250 "$minor"
${call} test --action=${action} "/sys/devices/virtual/dma_heap/$heap" >"$work/$seed.${action}" 2>"$work/errors" || { cat "$work/errors" >&2; exit 1; }
mv "$rig/dev/dma_heap" "$work/$seed.${action}.nodes"`;
      await forEachImage(
        images,
        folder,
        `minor=$((seed % ${HEAPS.length})); case $minor in ${HEAPS.map((heap, i) => `${i}) heap=${heap} ;;`).join(' ')} esac
[ -d "$rig/proc/self" ] || mount -t proc none "$rig/proc"
mount --bind "$root/etc" "$rig/etc" && mount --bind "$root/usr/lib" "$rig/usr/lib"
${ACTIONS.map(one).join('\n')}
umount "$rig/etc" "$rig/usr/lib"`,
        { rig, SYSTEMD_DEVICE_VERIFY_SYSFS: '0' },
      );
      return images.map(
        (image) =>
          new Map(
            ACTIONS.flatMap((action) => {
              const file = path.join(folder, `${image.seed}.${action}`);
              const node = path.join(`${file}.nodes`, heapOf(image));
              return readAnswer(readFileSync(file, 'utf8'), release <= ACTS_UNTIL ? lstatSync(node) : undefined).map(
                ([what, answer]) => [`${action} ${heapOf(image)}${what}`, answer] as const,
              );
            }),
          ),
      );
    },
    ours(random, source) {
      const image = new Image(source, '');
      const accounts = readAccounts(image, false);
      const world = deviceWorld(image, accounts, managerOf(image), [], 'x86_64');
      const heap = heapOf(random);
      return new Map(
        ACTIONS.flatMap((action) => {
          const event = deviceEvent(world.rules, heapDevice(heap), { ...eventOptions(world), action, release });
          const { owner, group, mode } = afterEvent(KERNEL_NODE, event, accounts);
          const numbers = [numberOf(accounts, 'users', owner), numberOf(accounts, 'groups', group)] as const;
          const values = (list: readonly { readonly value: string }[]) => new Set(list.map(({ value }) => value));
          return [
            [`${action} ${heap}`, spellNode(...numbers, mode)],
            [`${action} ${heap} links`, sorted([...values(event.links)].map((link) => `/dev/${link}`))],
            [`${action} ${heap} tags`, sorted(values(event.tags))],
          ] as [string, string][];
        }),
      );
    },
  };
}
