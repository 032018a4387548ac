/**
 * npm run test:kconfig:controls [-- --part I/N]: would the differential suite notice? Each fault changes one line of a copy of the
 * engine; the suite's own comparison must then find a difference. Prints how many faults were caught.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { mutatedCases, plainCases } from './cases.js';
import { compareCases, differingMessages, type Judged, judgeCases } from './compare.js';
import { confMessages, type Engine } from './engine.js';
import { buildConf } from './judge.js';
import { checkSmallTrees } from './small.js';
import { openSubject, type Subject } from './trees.js';

interface Fault {
  readonly name: string;
  readonly file: string;
  readonly line: string;
  readonly instead: string;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'imply is dropped',
    file: 'finalize.ts',
    line: 'if (kind !== SELECT && kind !== IMPLY) continue;',
    instead: 'if (kind !== SELECT) continue;',
  },
  {
    name: 'imply ignores dependencies',
    file: 'evaluate.ts',
    line: 'value = Math.min(value, this.direct[symbol] as number) as Tristate;',
    instead: '',
  },
  {
    name: 'select respects dependencies',
    file: 'evaluate.ts',
    line: 'return Math.max(value, this.reverse[symbol] as number) as Tristate;',
    instead:
      'return Math.max(value, Math.min(this.reverse[symbol] as number, this.direct[symbol] as number)) as Tristate;',
  },
  {
    name: 'visible if is ignored',
    file: 'draft.ts',
    line: 'visible = this.expressions.and(visible, this.nodes.visibility[n] as number);',
    instead: 'visible = this.expressions.and(visible, 0);',
  },
  {
    name: 'the range is clamped to the wrong end',
    file: 'evaluate.ts',
    line: 'if (value >= this.boundValue(bound, base)) {',
    instead: 'if (value > this.boundValue(bound, base) || value <= 0) {',
  },
  {
    name: 'the first assignment to a choice wins',
    file: 'choice.ts',
    line: 'group.members.unshift(member);',
    instead: 'group.members.push(member);',
  },
  {
    name: 'the new choice rule is replaced by the default',
    file: 'choice.ts',
    line: 'if (visible[member] !== NO && userSet[member] === 1 && userTristate[member] === YES) return member;',
    instead: '',
  },
  {
    name: 'the old choice rule ignores the user',
    file: 'choice.ts',
    line: 'if (group.userMember >= 0 && config.visible[group.userMember] !== NO) group.selected = group.userMember;',
    instead: 'if (group.userMember < -1) group.selected = group.userMember;',
  },
  {
    name: 'm without modules stays m',
    file: 'evaluate.ts',
    line: 'if (tristate === MOD && this.effectiveType(symbol) === BOOLEAN) tristate = YES;',
    instead: '',
  },
  {
    name: 'the last active default wins',
    file: 'evaluate.ts',
    line: 'if (this.activeCondition !== NO) return p;',
    instead: 'if (this.activeCondition !== NO && (kind !== DEFAULT || properties.next[p] === 0)) return p;',
  },
  {
    name: 'dependencies of a menu stop at its entries',
    file: 'finalize.ts',
    line: 'const dependency = this.combined(inherited, nodes.dependency[node] as number);',
    instead: 'const dependency = this.combined(0, nodes.dependency[node] as number);',
  },
  {
    name: 'depends on X if Y means X',
    file: 'parse-statement.ts',
    line: ': this.draft.expressions.or(dependency, this.simplifier.compareWith(condition, EQUAL, NO)),',
    instead: ': dependency,',
  },
  {
    name: 'imply ignores dependencies, in order',
    file: 'evaluate-in-order.ts',
    line: 'if (value > direct) value = direct;',
    instead: '',
  },
  {
    name: 'select respects dependencies, in order',
    file: 'evaluate-in-order.ts',
    line: 'if (reverse > value) value = reverse;',
    instead: 'if (Math.min(reverse, direct) > value) value = Math.min(reverse, direct);',
  },
  {
    name: 'the last default wins, in order',
    file: 'evaluate-in-order.ts',
    line: '} else if (property === DEFAULT && used === 0) {',
    instead: '} else if (property === DEFAULT) {',
  },
  {
    name: 'm without modules stays m, in order',
    file: 'evaluate-in-order.ts',
    line: 'if (value === MOD && isBool) value = YES;',
    instead: '',
  },
  {
    name: 'what selects is computed too late',
    file: 'check.ts',
    line: '      this.visit(reverse);\n',
    instead: '',
  },
  {
    name: 'transitional symbols are written',
    file: 'evaluate.ts',
    line: 'if ((flags & (NO_WRITE | TRANSITIONAL)) !== 0 || (this.menuChoices && isChoice)) this.written[symbol] = 0;',
    instead: 'if ((flags & NO_WRITE) !== 0 || (this.menuChoices && isChoice)) this.written[symbol] = 0;',
  },
  {
    name: 'texts are not escaped',
    file: 'config-write.ts',
    line: "value.replace(/[\"\\\\]/g, '\\\\$&')",
    instead: 'value',
  },
  {
    name: 'm on a bool is taken as y',
    file: 'config-read.ts',
    line: 'else if (letter === 109 && type === TRISTATE) setTristate(config, symbol, MOD);',
    instead: 'else if (letter === 109) setTristate(config, symbol, type === TRISTATE ? MOD : YES);',
  },
  {
    name: 'unmet dependencies are not reported',
    file: 'evaluate.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a line of source, not a text
    line: 'this.warnings.set(`${symbol} ${diagnostic.cause}`, diagnostic);',
    instead: '',
  },
  {
    name: 'comparisons are by text',
    file: 'number.ts',
    line: 'if (bothStrings) return compareTexts(left, right);',
    instead: 'if (bothStrings || left !== right) return compareTexts(left, right);',
  },
];

interface Subjects {
  readonly subject: Subject;
  readonly judged: readonly Judged[];
  readonly parseMessages: ReadonlySet<string>;
}

const SOURCE = new URL('../../../src', import.meta.url).pathname;
/** Old rules and new, and an architecture with tristate choices and unmet dependencies. */
const TREES = [
  { version: '7.3', arch: 'arm64' },
  { version: '5.10', arch: 'arm' },
] as const;

const subjects: Subjects[] = [];
for (const name of TREES) {
  const subject = await openSubject(name);
  const cases = [...plainCases(subject).filter((one) => one.mode !== 'defconfig'), ...mutatedCases(subject, 24)];
  const conf = await buildConf(subject.directory);
  subjects.push({ subject, ...(await judgeCases(conf, subject, cases)) });
}

/** Differences an engine shows: on the kernels' trees, and where there are none, on small random ones. */
async function differences(engine: Engine): Promise<number> {
  let count = 0;
  for (const { subject, judged, parseMessages } of subjects) {
    const { value, diagnostics } = engine.parseTree({
      readFile: subject.readFile,
      environment: subject.environment,
      probe: (command) => subject.answers.get(command),
    });
    count += differingMessages(parseMessages, confMessages(diagnostics)).length;
    count += value ? compareCases(engine, value, judged).length : judged.length;
  }
  for (const { version } of TREES)
    if (count === 0) count += (await checkSmallTrees(version, 40, engine)).mismatches.length;
  return count;
}

async function withFault(fault: Fault | undefined): Promise<number> {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-fault-'));
  try {
    mkdirSync(path.join(work, 'src'));
    writeFileSync(path.join(work, 'package.json'), '{"type":"module"}');
    for (const folder of ['kconfig', 'diagnostic', 'source'])
      cpSync(path.join(SOURCE, folder), path.join(work, 'src', folder), { recursive: true });
    if (fault) {
      const file = path.join(work, 'src/kconfig', fault.file);
      const text = readFileSync(file, 'utf8');
      if (text.split(fault.line).length !== 2) throw new Error(`${fault.name}: its line is not in ${fault.file} once`);
      writeFileSync(
        file,
        text.replace(fault.line, () => fault.instead),
      );
    }
    const engine = (await import(path.join(work, 'src/kconfig/index.ts'))) as Engine;
    return await differences(engine);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const { values: options } = parseArgs({ options: { part: { type: 'string', default: '1/1' } } });
const [part, parts] = options.part.split('/').map(Number) as [number, number];
const faults = FAULTS.filter((_, i) => i % parts === part - 1);

const without = await withFault(undefined);
console.log(`without a fault: ${without} of ${subjects.reduce((n, s) => n + s.judged.length, 0)} inputs differ`);
let caught = 0;
for (const fault of faults) {
  let found: number;
  try {
    found = await withFault(fault);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    found = Number.POSITIVE_INFINITY;
  }
  if (found > 0) caught++;
  console.log(`${found > 0 ? 'caught' : 'MISSED'}: ${fault.name} (${found} inputs differ)`);
}
console.log(`${caught} of ${faults.length} faults caught`);
console.log(`${caught} passed, ${faults.length - caught + (without > 0 ? 1 : 0)} failed, 0 skipped`);
process.exitCode = caught === faults.length && without === 0 ? 0 : 1;
