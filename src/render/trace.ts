/** Where a line of a generated file comes from: its template, and the values that were written into it. */
import type { Plan } from '../plan/types.js';
import type { Emitted } from './emit.js';
import { type RenderContext, render, TARGETS } from './index.js';

export interface TracedLine {
  /** Path below the output directory. */
  readonly path: string;
  /** How many the file has. */
  readonly lines: number;
  readonly text: string;
  readonly values: readonly Emitted[];
}

// Private use: no font has a glyph for it, so no profile has a reason to contain it.
const MARK = /\uE000(\d+)\uE001/g;

/**
 * @param file path of an artifact, or any path that ends in one
 * @param line from 1
 * @returns undefined when the plan makes no such file or it has no such line
 */
export function traceLine(plan: Plan, context: RenderContext, file: string, line: number): TracedLine | undefined {
  return traceFile(plan, context, file)?.[line - 1];
}

/** Every line of a file, in order. */
export function traceFile(plan: Plan, context: RenderContext, file: string): readonly TracedLine[] | undefined {
  const emitted: Emitted[] = [];
  const mark = (one: Emitted) => `\uE000${emitted.push(one) - 1}\uE001`;
  const library = context.library ?? TARGETS;
  const own = context.targets ?? plan.targets.map(({ name }) => name);
  // A target that the profile does not have was generated with --target; its files are in a directory of its name.
  const asked = file.split('/').filter((part) => !own.includes(part) && library.some(({ name }) => name === part));
  const artifacts = render(plan, { ...context, mark, targets: [...own, ...new Set(asked)] }).value ?? [];
  const artifact = artifacts
    .filter(({ path }) => file === path || file.endsWith(`/${path}`))
    .sort((a, b) => b.path.length - a.path.length)[0];
  if (artifact === undefined) return undefined;
  const lines = artifact.text.replace(/\n$/, '').split('\n');
  return artifact.text.split('\n').map((marked) => ({
    path: artifact.path,
    lines: lines.length,
    text: marked.replace(MARK, ''),
    values: [...marked.matchAll(MARK)].flatMap(([, index]) => emitted[Number(index)] ?? []),
  }));
}
