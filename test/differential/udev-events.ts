/**
 * Who has the last word on a node, by us and by systemd's own `udevadm test`: the same random rules for the memory
 * devices that every machine has. Needs a mount namespace of its own, so that the rules never reach the machine's udev.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { deviceEvent, finalGroup, finalMode, orderRules } from '../../src/check/udev-event.js';
import { SourceText } from '../../src/source/index.js';

const DEVICES = ['null', 'zero', 'full', 'urandom'];
const GROUPS = new Set(['root', 'video', 'disk', 'audio']);
const MATCHES = [
  'SUBSYSTEM=="mem"',
  'SUBSYSTEM=="mem|dma_heap"',
  'SUBSYSTEM!="mem"',
  'KERNEL=="null"',
  'KERNEL=="n*"',
  'KERNEL=="z?ro|full"',
  'KERNEL=="[nz]*"',
  'KERNEL!="null"',
  'KERNEL=="mem/null"',
  'KERNELS=="null"',
  'ACTION=="add|change"',
  'ACTION=="remove"',
  'ACTION!="remove"',
  'DEVPATH=="*/mem/*"',
  'DRIVER==""',
  'ENV{OURS}=="1"',
  'ENV{OURS}!="1"',
  'ENV{DEVNAME}=="/dev/null"',
  'TAG=="ours"',
  'TAG!="ours"',
  'SYMLINK=="first"',
  'ATTR{nothing}=="1"',
  'ATTR{nothing}!="1"',
];
const ACTIONS = [
  'GROUP="video"',
  'GROUP="disk"',
  'GROUP:="audio"',
  'GROUP="nobody-has-this"',
  'MODE="0640"',
  'MODE="0600"',
  'MODE="660"',
  'MODE:="0440"',
  'SYMLINK+="first"',
  'SYMLINK+="second third"',
  'SYMLINK="only"',
  'SYMLINK-="second"',
  'TAG+="ours"',
  'TAG-="ours"',
  'ENV{OURS}="1"',
  'ENV{OURS}="0"',
];
const SPOILT = ['GROUP=="video"', 'KERNEL="null"', 'MODE=="0666"', 'GRUOP="video"', 'MODE=0666'];

/** A small generator, so that a failing seed can be run again. */
function dice(seed: number) {
  let state = seed * 2654435761 + 1;
  return (sides: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

function randomFiles(seed: number): Record<string, string> {
  const roll = dice(seed);
  const some = (pool: readonly string[], most: number) =>
    Array.from({ length: roll(most + 1) }, () => pool[roll(pool.length)] as string);
  const line = () => {
    if (roll(12) === 0) return `${some(MATCHES, 1).concat('GOTO="end"').join(', ')}`;
    if (roll(15) === 0) return ['SUBSYSTEM=="mem"', SPOILT[roll(SPOILT.length)], ...some(ACTIONS, 2)].join(', ');
    return [...some(MATCHES, 2), ACTIONS[roll(ACTIONS.length)], ...some(ACTIONS, 2)].join(', ');
  };
  return Object.fromEntries(
    ['50-first.rules', '60-second.rules', '99-last.rules'].map((name) => [
      name,
      `${Array.from({ length: 1 + roll(4) }, line).join('\n')}\nLABEL="end"\n`,
    ]),
  );
}

interface Node {
  readonly group: string;
  readonly mode: string;
  readonly links: readonly string[];
}

function ours(files: Readonly<Record<string, string>>, name: string): Node {
  const sources = Object.entries(files).map(([file, text]) => new SourceText(`run/udev/rules.d/${file}`, text));
  const event = deviceEvent(
    orderRules(sources),
    { subsystem: 'mem', name, node: name, mode: 0o666 },
    { groups: GROUPS },
  );
  return {
    group: finalGroup(event),
    mode: finalMode(event).toString(8),
    links: [...new Set(event.links.map((link) => link.value))].sort(),
  };
}

/** What `udevadm test` closes with. */
function theirs(output: string): Node {
  const after = (title: string) => new RegExp(`^${title}.*\\n  (.*)$`, 'm').exec(output)?.[1];
  const links = /^Device node symlinks:.*\n((?: {2}.*\n)*)/m.exec(output)?.[1] ?? '';
  return {
    group: after('Device node group:')?.split(' ')[0] ?? 'root',
    mode: after('Device node permission:')?.replace(/^0+(?=.)/, '') ?? 'untouched',
    links: links
      .split('\n')
      .map((link) => link.trim().replace(/^\/dev\//, ''))
      .filter((link) => link !== '')
      .sort(),
  };
}

const HIDE = `mount -t tmpfs none /run && mkdir -p /run/udev/rules.d && cp "$0"/*.rules /run/udev/rules.d/ &&
for d in /etc/udev/rules.d /usr/lib/udev/rules.d; do if [ -d $d ]; then mount -t tmpfs none $d; fi; done; exec "$@"`;

/**
 * @param command udevadm, from systemd 257 on: before that its `test` changes the device
 * @returns undefined where no mount namespace can be had
 */
export async function compareEvents(
  command: readonly string[],
  rounds: number,
): Promise<{ compared: number; different: string[] } | undefined> {
  if (execaSync('unshare', ['-m', 'true'], { reject: false }).exitCode !== 0) return undefined;
  const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-udev-events-'));
  const different: string[] = [];
  let compared = 0;
  try {
    for (let seed = 1; seed <= rounds; seed += 1) {
      const files = randomFiles(seed);
      const rules = path.join(directory, String(seed));
      mkdirSync(rules);
      for (const [name, text] of Object.entries(files)) writeFileSync(path.join(rules, name), text);
      const name = DEVICES[seed % DEVICES.length] as string;
      const test = [...command, 'test', '--action=add', `/sys/class/mem/${name}`];
      const { stdout, stderr, exitCode } = await execa('unshare', ['-m', 'sh', '-c', HIDE, rules, ...test], {
        reject: false,
      });
      if (exitCode !== 0) throw new Error(`udevadm test ended with ${exitCode}: ${stderr.slice(-500)}`);
      const [we, they] = [ours(files, name), theirs(`${stdout}\n`)];
      compared += 1;
      if (JSON.stringify(we) !== JSON.stringify(they))
        different.push(
          `seed ${seed}, ${name}: we say ${JSON.stringify(we)}, udevadm ${JSON.stringify(they)}\n${Object.values(files).join('--\n')}`,
        );
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  return { compared, different };
}
