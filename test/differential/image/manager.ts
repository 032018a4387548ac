/**
 * systemd as PID 1 of namespaces of its own, with a /dev of its own: whether a service reaches nodes past its mounts
 * and past the device controllers of itself and its slices. No driver is behind the nodes, so opening one that a service
 * reaches ends in ENXIO; one that the controller closes, in EPERM.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { Image, obstacleTo, type RootFacts, readAccounts, readService, UnitFiles } from '../../../src/image/index.js';
import type { Judge } from './judge.js';
import { NODES } from './random-units.js';

const DRIVER = 'dma_heap';
const MAJOR = 250;
const TARGETS = ['basic', 'sysinit', 'shutdown', 'final', 'exit'];
/** Where a unit finds its devices: what the list of DevicePolicy=closed has, and the nodes. */
const DEVICES = ['null 1 3', 'zero 1 5', 'full 1 7', 'random 1 8', 'urandom 1 9', 'tty 5 0'];

const BOOT = `set -e
mount -t tmpfs none /run
cp "$work/probe.sh" /run/probe.sh
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs -o mode=755,dev none /dev
${DEVICES.map((device) => `set -- ${device}; mknod -m 666 /dev/$1 c $2 $3`).join('\n')}
mkdir /dev/pts /dev/shm /dev/dma_heap
${NODES.map((node, i) => `mknod -m 600 ${node} c ${MAJOR} ${i}`).join('\n')}
ln -s system /dev/dma_heap/link
mount --bind "$work/devices" /proc/devices
export container=judge SYSTEMD_UNIT_PATH="$work/units" SYSTEMD_GENERATOR_PATH=/nonexistent
exec /lib/systemd/systemd --system --unit=end.service --log-target=null`;

/** Prints each node that is itself and opens, as far as a node without a driver does. */
const PROBE = NODES.map(
  (node, i) =>
    `[ "$(stat -c %t:%T ${node} 2>&1)" = "${MAJOR.toString(16)}:${i}" ] && case $( (: <> ${node}) 2>&1) in *"No such device or address"*) echo ${node} ;; esac`,
).join('\n');

const isAt = (file: string) => existsSync(`/${file}`);
const ROOT: RootFacts = { isDirectory: isAt, isFile: isAt, systemd: 252 };

export const manager: Judge = {
  name: 'systemd as PID 1',
  async theirs(images, work) {
    const units = path.join(work, 'units');
    mkdirSync(units);
    const services = images.flatMap(({ reach }) => reach);
    for (const { root } of images) {
      const folder = path.join(root, 'etc/systemd/system');
      for (const name of readdirSync(folder).filter((one) => /^(?:reach|cut)\d/.test(one)))
        cpSync(path.join(folder, name), path.join(units, name), { recursive: true });
    }
    // A slice gets its device program after its services start: with many at once on a busy machine, more than a second later.
    // The command lines are the judge's own; those of the images name no program.
    for (const name of services) {
      mkdirSync(path.join(units, `${name}.d`), { recursive: true });
      writeFileSync(
        path.join(units, `${name}.d/99-probe.conf`),
        `[Service]\nStandardOutput=truncate:${work}/${name}.out\nExecStartPre=/bin/sleep 3\nExecStart=/bin/sh /run/probe.sh\n`,
      );
    }
    const all = services.join(' ');
    for (const target of TARGETS)
      writeFileSync(path.join(units, `${target}.target`), '[Unit]\nDefaultDependencies=no\n');
    writeFileSync(
      path.join(units, 'end.service'),
      `[Unit]\nDefaultDependencies=no\nWants=${all}\nAfter=${all}\nSuccessAction=exit-force\nFailureAction=exit-force\n[Service]\nType=oneshot\nExecStart=/usr/bin/touch ${work}/ended\n`,
    );
    writeFileSync(path.join(work, 'devices'), `Character devices:\n  1 mem\n${MAJOR} ${DRIVER}\n\nBlock devices:\n`);
    writeFileSync(path.join(work, 'probe.sh'), `${PROBE}\necho end\n`);
    const namespaces = ['-m', '-p', '-f', '-C', '--mount-proc', '--kill-child'];
    const { stderr } = await execa('timeout', ['-s', 'KILL', '60', 'unshare', ...namespaces, 'sh', '-c', BOOT], {
      extendEnv: false,
      env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', work },
      stdin: 'ignore',
      stdout: 'ignore',
      reject: false,
    });
    if (!existsSync(path.join(work, 'ended')))
      throw new Error(`systemd did not come to its end: ${stderr.slice(-500)}`);
    return images.map(
      ({ reach }) =>
        new Map(
          reach.flatMap((name) => {
            const file = path.join(work, `${name}.out`);
            const reached = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
            return NODES.map(
              (node) => [`${name} ${node}`, reached.includes(node) ? 'reached' : 'not reached'] as const,
            );
          }),
        ),
    );
  },
  ours({ reach }, source) {
    // Drop-ins for all services are of one image, and the manager runs the services of many.
    const own = { ...source, list: (folder: string) => (folder.endsWith('/service.d') ? [] : source.list(folder)) };
    const image = new Image({ ...own, entry: (file) => source.entry(file), bytes: (file) => source.bytes(file) }, '');
    const files = new UnitFiles(image);
    const accounts = readAccounts(image, false);
    return new Map(
      reach.flatMap((name) => {
        const unit = files.load(name);
        return NODES.map((node) => {
          const nodes = node.endsWith('/system') ? [node, '/dev/dma_heap/link'] : [node];
          const obstacle = unit && obstacleTo(readService(unit, accounts), nodes, DRIVER, files, ROOT);
          return [`${name} ${node}`, obstacle === undefined ? 'reached' : 'not reached'] as const;
        });
      }),
    );
  },
};
