/** Random lines of udev rules: what decides about a heap, and what udev refuses or ignores. */
import type { Dice } from './dice.js';

const MATCHES = [
  'SUBSYSTEM=="dma_heap"',
  'SUBSYSTEM=="dma_heap"',
  'SUBSYSTEM=="dma_heap|video4linux"',
  'SUBSYSTEM!="dma_heap"',
  'SUBSYSTEMS=="dma_*"',
  'KERNEL=="system"',
  'KERNEL=="linux,cma|reserved"',
  'KERNEL=="[lr]*"',
  'KERNEL=="s?stem"',
  'KERNEL=="[!s]*"',
  'KERNEL!="reserved"',
  'KERNEL=="dma_heap/system"',
  'KERNEL=="SYSTEM"',
  'KERNEL==i"SYSTEM"',
  'KERNEL==""',
  'KERNELS=="*"',
  'DEVPATH=="/devices/virtual/dma_heap/*"',
  'DEVPATH=="*/block/*"',
  'ACTION=="add"',
  'ACTION=="change"',
  'ACTION=="add|change"',
  'ACTION!="add"',
  'ACTION!="remove"',
  'DRIVER==""',
  'DRIVERS=="?*"',
  'ENV{OURS}=="1"',
  'ENV{OURS}!="1"',
  'ENV{OURS}==""',
  'ENV{OURS}=="?*"',
  'ENV{DEVNAME}=="/dev/dma_heap/*"',
  'ENV{MAJOR}=="?*"',
  'ENV{ID_SEAT}==""',
  'ATTR{nothing}=="1"',
  'ATTR{nothing}!="1"',
  'ATTRS{nothing}=="*"',
  'TAG=="ours"',
  'TAG!="ours"',
  'TAGS=="ours"',
  'SYMLINK=="first"',
  'SYMLINK!="first"',
  'NAME==""',
  'NAME=="?*"',
  'CONST{arch}=="x86-64"',
  'CONST{arch}=="arm64"',
  'TEST=="/etc/flag"',
  'TEST!="/etc/flag"',
  'TEST=="/etc/nothing"',
  'RESULT==""',
];
const ACTIONS = [
  'GROUP="video"',
  'GROUP="render"',
  'GROUP="44"',
  'GROUP="0"',
  'GROUP:="video"',
  'GROUP="nobody-has-this"',
  'GROUP="$env{WHO}"',
  'GROUP+="video"',
  'OWNER="player"',
  'OWNER="900"',
  'OWNER="root"',
  'OWNER:="camera"',
  'OWNER="ghost"',
  'OWNER="%E{WHO}"',
  'MODE="0660"',
  'MODE="0600"',
  'MODE="666"',
  'MODE="00640"',
  'MODE="0"',
  'MODE="89"',
  'MODE=""',
  'MODE:="0640"',
  'MODE="$env{BITS}"',
  'MODE=e"0\\x36\\x360"',
  'SYMLINK+="dma_heap/alias"',
  'SYMLINK+="first"',
  'SYMLINK+="second third"',
  'SYMLINK="only-%k"',
  'SYMLINK-="second"',
  'SYMLINK:="last"',
  'SYMLINK+="by-$name"',
  'TAG+="ours"',
  'TAG+="uaccess"',
  'TAG-="ours"',
  'TAG="single"',
  'ENV{OURS}="1"',
  'ENV{OURS}=""',
  'ENV{OURS}+="1"',
  'ENV{WHO}="video"',
  'ENV{WHO}="player"',
  'ENV{BITS}="0640"',
  'OPTIONS+="static_node=dma_heap/system"',
  'OPTIONS+="link_priority=10"',
  'OPTIONS="string_escape=replace", SYMLINK+="by hand-%k"',
  'OPTIONS="string_escape=none", SYMLINK+="raw,%k"',
  'OPTIONS+="watch"',
  'OPTIONS+="db_persist"',
  'RUN+="/bin/true"',
  'IMPORT{parent}="ID_*"',
];
/** Lines with one of these are ignored whole, or that word is. */
const SPOILT = [
  'GROUP=="video"',
  'KERNEL="system"',
  'MODE=="0666"',
  'GRUOP="video"',
  'MODE=0666',
  'OPTIONS+="nonsense"',
  'TAG{x}="a"',
  'ENV="1"',
  'ACTION="add"',
  'MODE-="0660"',
  'LABEL=="end"',
  'ATTR{}="1"',
  'SUBSYSTEM=="dma_heap" GROUP="video"',
  "MODE='0666'",
];
const LABELS = ['end', 'middle', 'nowhere'];

export function ruleMaker(roll: Dice): () => string {
  const pick = <T>(pool: readonly T[]): T => pool[roll(pool.length)] as T;
  const some = (pool: readonly string[], most: number) => Array.from({ length: roll(most + 1) }, () => pick(pool));
  return () => {
    const kind = roll(20);
    if (kind === 0) return `LABEL="${pick(LABELS)}"`;
    if (kind === 1) return [...some(MATCHES, 1), `LABEL="${pick(LABELS)}"`, pick(ACTIONS)].join(', ');
    if (kind <= 3) return [...some(MATCHES, 2), `GOTO="${pick(LABELS)}"`].join(', ');
    if (kind === 4) return [pick(MATCHES), pick(ACTIONS), `GOTO="${pick(LABELS)}"`].join(', ');
    if (kind === 5) return [pick(MATCHES), pick(SPOILT), pick(ACTIONS)].join(', ');
    if (kind === 6) return `${pick(MATCHES)}, \\\n  ${pick(ACTIONS)}`;
    if (kind === 7) return `# ${pick(ACTIONS)}`;
    if (kind === 8) return `${pick(MATCHES)}, ${pick(ACTIONS)} # ${pick(ACTIONS)}`;
    return [
      ...(roll(2) === 0 ? ['SUBSYSTEM=="dma_heap"'] : []),
      ...some(MATCHES, 1),
      pick(ACTIONS),
      ...some(ACTIONS, 2),
    ].join(', ');
  };
}
