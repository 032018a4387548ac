/** Both sides on the same cases. */
import type { Case } from './cases.js';
import { confMessages, type Engine } from './engine.js';
import { Judge, type Served, type Verdict } from './judge.js';

export interface Judged {
  readonly case: Case;
  readonly verdict: Verdict;
}

/** Asks the tree's conf. */
export async function judgeCases(
  conf: string,
  subject: Served,
  cases: readonly Case[],
): Promise<{ judged: Judged[]; parseMessages: ReadonlySet<string> }> {
  const judge = await Judge.start(conf, subject);
  const judged: Judged[] = [];
  try {
    for (const one of cases) judged.push({ case: one, verdict: await judge.ask(one.mode, one.text) });
  } finally {
    judge.stop();
  }
  return { judged, parseMessages: judge.parseMessages };
}

export interface Mismatch {
  readonly name: string;
  /** Differing lines and messages, ours marked +, conf's -. */
  readonly lines: readonly string[];
}

/** Asks the engine and compares text byte for byte, messages as a set. */
export function compareCases(
  engine: Engine,
  tree: Parameters<Engine['makeConfig']>[0],
  judged: readonly Judged[],
): Mismatch[] {
  const config = new engine.Configuration(tree);
  const mismatches: Mismatch[] = [];
  for (const { case: one, verdict } of judged) {
    const inputName = one.mode === 'defconfig' ? 'defconfig' : '.config';
    const made = engine.makeConfig(tree, one.mode, one.text, { file: inputName }, config);
    const lines = [
      ...differingLines(verdict.text ?? '', made.text),
      ...differingMessages(verdict.messages, confMessages(made.diagnostics)),
    ];
    if (verdict.status !== 0) lines.push(`conf ended with status ${verdict.status}`);
    if (lines.length > 0) mismatches.push({ name: one.name, lines });
  }
  return mismatches;
}

export function differingLines(conf: string, ours: string): string[] {
  if (conf === ours) return [];
  const [a, b] = [conf.split('\n'), ours.split('\n')];
  const [inA, inB] = [new Set(a), new Set(b)];
  const lines = [
    ...a.filter((line) => !inB.has(line)).map((line) => `- ${line}`),
    ...b.filter((line) => !inA.has(line)).map((line) => `+ ${line}`),
  ];
  return lines.length > 0 ? lines : ['the order of lines differs'];
}

export function differingMessages(conf: ReadonlySet<string>, ours: ReadonlySet<string>): string[] {
  return [
    ...[...conf].filter((message) => !ours.has(message)).map((message) => `- message: ${message}`),
    ...[...ours].filter((message) => !conf.has(message)).map((message) => `+ message: ${message}`),
  ];
}
