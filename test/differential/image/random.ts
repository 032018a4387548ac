/** Random root file systems for the readers of src/image: accounts, sysusers.d, tmpfiles.d, mdev.conf, units with drop-ins. */
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dice, HEAPS } from './dice.js';
import { ruleMaker } from './random-rules.js';
import { reachUnits } from './random-units.js';

const TOPS = ['etc', 'run', 'usr/lib'];
const USERS = ['root', 'player', 'camera', 'nobody', 'ghost'];
const GROUPS = ['root', 'video', 'render', 'ghosts', '44'];
const MODES = ['0660', '0640', '0666', '0600', '-', '~0666', ':0640', '7777', '89'];

export interface RandomImage {
  readonly seed: number;
  readonly root: string;
  /** The unit that is judged. */
  readonly service: string;
  /** Units that are run. */
  readonly reach: readonly string[];
}

export function randomImage(root: string, seed: number): RandomImage {
  const roll = dice(seed);
  const pick = <T>(pool: readonly T[]): T => pool[roll(pool.length)] as T;
  const some = (most: number, make: () => string) => Array.from({ length: roll(most + 1) }, make);
  const put = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const mask = (file: string) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    symlinkSync('/dev/null', path.join(root, file));
  };
  put('etc/group', `root:x:0:\nvideo:x:44:${pick(['', 'player'])}\n${roll(2) === 0 ? 'render:x:105:\n' : ''}`);
  put('etc/passwd', 'root:x:0:0::/root:/bin/sh\nplayer:x:900:900::/:/bin/sh\ncamera:x:901:44::/:/bin/sh\n');
  put('etc/shadow', '');
  put('etc/gshadow', '');
  put('etc/os-release', 'ID=test\n');

  /** Files of one name in several directories: one replaces or masks the other. */
  const layered = (folder: string, suffix: string, line: () => string, most = 3) => {
    for (const name of ['10-a', '50-b', '90-c'])
      for (const top of TOPS) {
        if (roll(3) !== 0) continue;
        const file = `${top}/${folder}/${name}${suffix}`;
        if (roll(7) === 0) mask(file);
        else if (roll(9) === 0) put(file, '');
        else {
          const lines = Array.from({ length: 1 + roll(most) }, line);
          const [first, newline] = [pick(['# first', '# first', '# first', '\ufeff']), roll(12) === 0 ? '\r\n' : '\n'];
          put(file, `${first === '\ufeff' ? first : `${first}${newline}`}${lines.join(newline)}${newline}`);
        }
      }
  };
  layered('sysusers.d', '.conf', () =>
    pick([
      () => `g ${pick(['video', 'render', 'heaps', 'media'])} ${pick(['-', '44', '45', '300'])}`,
      () =>
        `u ${pick(['camera', 'svc', 'player', 'daemon2'])} ${pick(['-', '310', '-:video', '-:ghosts', '320:44'])} "a ${roll(9)}"`,
      () => `m ${pick(['camera', 'svc', 'player'])} ${pick(['video', 'render', 'heaps', 'late'])}`,
      () => `g ${pick(['bad name', '9digits', 'ok-group'])} -`,
      () => `x nonsense -`,
      () => `m alone`,
    ])(),
  );
  layered('tmpfiles.d', '.conf', () =>
    [
      pick(['z', 'z', 'Z', 'm', 'z!', 'z+', 'd', 'r', 'q?']),
      pick([
        '/dev/dma_heap/*',
        '/dev/dma_heap/system',
        '/dev/dma_heap/linux,cma',
        '/dev/dma_heap',
        '/dev/dma_heap/[lr]*',
        '/dev/dma_heap/{system,reserved}',
        '/dev//dma_heap/s?stem',
        'relative',
      ]),
      pick(MODES),
      pick(['root', 'player', '-', ':player', '900', 'ghost']),
      pick(['root', 'video', '-', ':video', '44', 'ghosts']),
      '-',
    ].join(' '),
  );
  put('etc/flag', '');
  put(seed % 2 === 0 ? 'usr/lib/systemd/systemd-udevd' : 'sbin/mdev', 'x');
  const rule = ruleMaker(roll);
  layered('udev/rules.d', '.rules', rule, 8);
  // With the last tag removed udevadm goes on printing CURRENT_TAGS as it was when a rule last read a property.
  put('usr/lib/udev/rules.d/zz-last.rules', 'TAG+="last"\n');
  const lines = some(4, () =>
    [
      `${pick(['', '', '-'])}${pick(['dma_heap/.*', 'dma_heap/system', 'system', 'dma_heap/(linux,cma|reserved)', 'dma_heap/[a-l].*', '.*', 'SUBSYSTEM=dma_heap;.*', '$SUBSYSTEM=dma_heap', 'SUBSYSTEM=block;.*', 'dma_heap/s[[:alpha:]]+'])}`,
      `${pick(USERS)}:${pick(GROUPS)}`,
      pick(['660', '0640', '666', '600']),
      ...some(1, () => pick(['@true', '*true'])),
    ].join(' '),
  );
  put('etc/mdev.conf', `# mdev\n${lines.join('\n')}\n`);

  const service = ['player.service', 'player@1.service', 'player-two.service'][seed % 3] as string;
  const section = () =>
    `[Service]\n${Array.from({ length: 1 + roll(3) }, () =>
      pick([
        () => `DevicePolicy=${pick(['closed', 'strict', 'auto'])}`,
        () =>
          `DeviceAllow=${pick(['', 'char-dma_heap rw', '/dev/dma_heap/system rw', 'char-dma_heap r', 'char-* m', '/dev/dma_heap/linux,cma'])}`,
        () => `PrivateDevices=${pick(['yes', 'no', 'on', '0'])}`,
        () => `User=${pick(['', 'player', 'camera'])}`,
        () => `RootDirectory=${pick(['', '/srv'])}`,
        () => `; DevicePolicy=closed`,
      ])(),
    ).join('\n')}\n`;
  const base = '[Service]\nExecStart=/usr/bin/player\nDevicePolicy=closed\n';
  for (const unit of ['player.service', 'player@.service', 'player-two.service']) {
    put(`usr/lib/systemd/system/${unit}`, base);
    if (roll(4) === 0) put(`etc/systemd/system/${unit}`, `${base}${section()}`);
  }
  put('usr/bin/player', '#!/bin/sh\n');
  const folders = [
    'player.service.d',
    'player@.service.d',
    'player@1.service.d',
    'service.d',
    'player-.service.d',
    'player-two.service.d',
  ];
  for (const folder of folders)
    for (const name of ['10-x.conf', '20-y.conf'])
      for (const top of ['etc', 'usr/lib']) {
        if (roll(4) !== 0) continue;
        const file = `${top}/systemd/system/${folder}/${name}`;
        if (roll(6) === 0) mask(file);
        else put(file, section());
      }
  if (roll(3) === 0) {
    mkdirSync(path.join(root, 'etc/systemd/system'), { recursive: true });
    symlinkSync('/usr/lib/systemd/system/player.service', path.join(root, 'etc/systemd/system/alias.service'));
    if (roll(2) === 0) put('etc/systemd/system/alias.service.d/30-z.conf', section());
  }
  mkdirSync(path.join(root, 'srv'), { recursive: true });
  for (const heap of HEAPS) put(`dev/dma_heap/${heap}`, '');
  for (const file of readdirSync(path.join(root, 'dev/dma_heap')))
    chmodSync(path.join(root, 'dev/dma_heap', file), 0o600);
  chmodSync(path.join(root, 'dev/dma_heap'), 0o755);
  writeFileSync(`${root}.unit`, service);
  return { seed, root, service, reach: reachUnits(root, seed, roll) };
}
