/**
 * npm run test:kconfig:fuzz [-- --long] [--seed N]: broken Kconfig files and configurations. Every case must end in a
 * result or in findings with a place, quickly and in little memory. 1,000 cases, with --long 20,000.
 */
import { parseArgs } from 'node:util';
import { type Dialect, detectDialect, makeConfig, parseTree } from '../../../src/kconfig/index.js';
import { mutate, type Random, randomFrom } from './mutate.js';
import { openSubject, type Subject } from './trees.js';

const { values: options } = parseArgs({
  options: { long: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } },
});
const cases = options.long ? 20_000 : 1000;
const firstSeed = Number(options.seed);
const MAX_MILLIS = 20_000;
const MAX_MEMORY = 1 << 30;

/** Statements that bite: recursion, growth, depth, circles, ends and quotes in the wrong place. */
const SPITEFUL: readonly string[] = [
  'a = $(a)\nconfig $(a)\n\tbool\n',
  'd = $(1)$(1)\nx := $(d,$(d,$(d,$(d,$(d,$(d,$(d,aaaaaaaaaaaaaaaa)))))))\n',
  'f = $(f,$(1)x)\ny := $(f,1)\n',
  `config DEEP\n\tbool\n\tdepends on ${'('.repeat(500)}A${')'.repeat(500)}\n`,
  `config WIDE\n\tbool\n\tdepends on ${Array.from({ length: 5000 }, (_, i) => `W${i}`).join(' && ')}\n`,
  `config NOTS\n\tbool\n\tdepends on ${'!'.repeat(1000)}A\n`,
  'config C1\n\tbool "c1"\n\tdepends on C2\nconfig C2\n\tbool "c2"\n\tdepends on C1\n',
  'config S1\n\tbool "s1"\n\tselect S1\n',
  'config R1\n\tint "r1"\n\trange R2 R2\nconfig R2\n\tint "r2"\n\trange R1 R1\n',
  'source "Kconfig"\n',
  'source "missing/Kconfig"\n',
  `${'menu "m"\n'.repeat(300)}`,
  `${'if A\n'.repeat(150)}config IN\n\tbool\n${'endif\n'.repeat(150)}`,
  'choice\n\tprompt "c"\nconfig X1\n\tbool "x1"\n\tdepends on X2\nconfig X2\n\tbool "x2"\nendchoice\n',
  'config Q\n\tstring "unterminated\n\tdefault "$(shell,'.concat('\n'),
  'config \u00e9\n\tbool\n',
  '\0\0\0\n',
  'help\n',
  'config H\n\tbool\n\thelp\n',
  'endmenu\nendif\nendchoice\n',
  'config MODULES2\n\tbool\n\tmodules\n\toption modules\n',
  'transitional\n',
  Array.from({ length: 3000 }, (_, i) => `config L${i}\n\tbool\n\tdefault L${i + 1}\n`).join(''),
  Array.from({ length: 400 }, (_, i) => `config SEL${i}\n\tbool "s"\n\tselect TARGET if A && B || C\n`).join(''),
];
const WORDS =
  'config menuconfig choice endchoice menu endmenu if endif source comment bool tristate int hex string default def_bool depends on select imply range prompt visible help modules optional transitional option A B C MODULES y n m = != < > <= >= && || ! ( ) "text" $(A) $(shell,x) 0x10 42'.split(
    ' ',
  );

function mutateText(text: string, random: Random): string {
  const lines = text.split('\n');
  const edits = 1 + random(3);
  for (let i = 0; i < edits; i++) {
    if (lines.length === 0) lines.push('');
    const at = random(lines.length);
    const line = lines[at] as string;
    switch (random(9)) {
      case 0:
        lines.splice(at, 1 + random(3));
        break;
      case 1:
        lines.splice(at, 0, SPITEFUL[random(SPITEFUL.length)] as string);
        break;
      case 2:
        lines[at] = line.slice(0, random(line.length + 1));
        break;
      case 3:
        lines[at] = `${line} ${WORDS[random(WORDS.length)]}`;
        break;
      case 4:
        lines[at] = line.replace(/\S+/, WORDS[random(WORDS.length)] as string);
        break;
      case 5: {
        const other = random(lines.length);
        [lines[at], lines[other]] = [lines[other] as string, line];
        break;
      }
      case 6: {
        const byte = String.fromCharCode(random(256));
        const place = random(line.length + 1);
        lines[at] = line.slice(0, place) + byte + line.slice(place + random(2));
        break;
      }
      case 7:
        lines.splice(at, 0, ...lines.slice(at, at + 1 + random(20)));
        break;
      default:
        lines[at] = Array.from({ length: random(8) }, () => WORDS[random(WORDS.length)]).join(' ');
    }
  }
  return lines.join('\n');
}

const subjects: Subject[] = [
  await openSubject({ version: '7.3', arch: 'arm64' }),
  await openSubject({ version: '5.10', arch: 'arm' }),
];
const dialects: Dialect[] = [];
for (const version of ['5.10', '6.1', '6.12', '7.3'] as const) {
  const { readFile } = await openSubject({ version, arch: 'arm64' });
  dialects.push(detectDialect(readFile).value as Dialect);
}
/** Small enough that thousands of variants are quick, real enough to hold every construct. */
const SEED_FILES = [
  ...[
    'mm/Kconfig',
    'drivers/dma-buf/Kconfig',
    'kernel/dma/Kconfig',
    'init/Kconfig',
    'arch/Kconfig',
    'lib/Kconfig.debug',
  ],
  ...[
    'kernel/Kconfig.preempt',
    'usr/Kconfig',
    'drivers/usb/gadget/Kconfig',
    'scripts/Kconfig.include',
    'fs/Kconfig.binfmt',
  ],
];

let results = 0;
let refused = 0;
let unlocated = 0;
const failures: string[] = [];
let slowest = 0;
let peak = 0;

function check(seed: number): void {
  const random = randomFrom(seed);
  const subject = subjects[seed % subjects.length] as Subject;
  if (seed % 5 === 4) {
    // A broken configuration for an intact tree.
    const base = subject.debianConfigs[0]?.text ?? '';
    const bent = mutate(base, subject.tree, seed).text;
    const text = random(2) === 0 ? mutateText(bent, random) : bent;
    if (makeConfig(subject.tree, random(2) === 0 ? 'olddefconfig' : 'savedefconfig', text).text !== '') results++;
    return;
  }
  const files = new Map<string, string>();
  const top: string[] = [];
  const count = 1 + random(4);
  for (let i = 0; i < count; i++) {
    const name = SEED_FILES[random(SEED_FILES.length)] as string;
    const text = subject.readFile(name) ?? '';
    files.set(name, random(3) > 0 ? mutateText(text, random) : text);
    top.push(`source "${name}"\n`);
  }
  files.set('Kconfig', random(2) === 0 ? top.join('') : mutateText(top.join(''), random));
  const { value, diagnostics } = parseTree({
    readFile: (name) => files.get(name) ?? (name.startsWith('missing') ? undefined : ''),
    environment: subject.environment,
    dialect: dialects[random(dialects.length)] as Dialect,
    ...(random(2) === 0 ? {} : { probe: () => ['y', 'n', '', 'gcc 1200', '\n\n'][random(5)] as string }),
  });
  if (!value) {
    refused++;
    const errors = diagnostics.filter((d) => d.severity === 'error');
    if (errors.length === 0) failures.push(`seed ${seed}: refused without an error`);
    if (errors.some((d) => d.span === undefined)) {
      unlocated++;
      failures.push(`seed ${seed}: an error without a place: ${errors.find((d) => !d.span)?.message}`);
    }
    return;
  }
  makeConfig(value, 'allyesconfig');
  results++;
}

for (let i = 0; i < cases; i++) {
  const seed = firstSeed + i;
  const start = performance.now();
  try {
    check(seed);
  } catch (error) {
    failures.push(`seed ${seed}: ${error instanceof Error ? error.stack?.split('\n').slice(0, 4).join(' | ') : error}`);
  }
  const millis = performance.now() - start;
  slowest = Math.max(slowest, millis);
  if (millis > MAX_MILLIS) failures.push(`seed ${seed}: ${millis.toFixed(0)} ms`);
  if (i % 50 === 0) peak = Math.max(peak, process.memoryUsage.rss());
}
peak = Math.max(peak, process.resourceUsage().maxRSS * 1024);
if (peak > MAX_MEMORY) failures.push(`memory grew to ${(peak / 2 ** 20).toFixed(0)} MiB`);
for (const failure of failures.slice(0, 20)) console.log(failure);
console.log(
  `${cases} cases: ${results} results, ${refused} refused (${unlocated} without a place), slowest ${slowest.toFixed(0)} ms, ` +
    `${(peak / 2 ** 20).toFixed(0)} MiB at most`,
);
console.log(`${cases - failures.length} passed, ${failures.length} failed, 0 skipped`);
process.exitCode = failures.length === 0 ? 0 : 1;
