/** dmaheap explain on a profile: a heap, a region, a symbol, a value, or a line of a generated file. */

import { closeFromKnowledge } from '../../plan/close.js';
import {
  type Explained,
  explainNode,
  explainPlannedArea,
  explainPlannedHeap,
  explainPlannedSymbol,
  findHeap,
  nodeNames,
  type Origin,
  type PlanExplanation,
  spanAround,
} from '../../plan/explain.js';
import { schemaAt } from '../../profile/describe.js';
import type { Profile } from '../../profile/types.gen.js';
import { traceLine } from '../../render/trace.js';
import { childPointer, pointerKeys } from '../../source/pointer.js';
import { suggest } from '../../source/suggest.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { requirePlan } from '../profile.js';
import { Refusal } from '../refusal.js';
import { VERSION } from '../version.js';

export interface ExplainPlanOptions {
  readonly dtb?: string;
  readonly kernel?: readonly string[];
}

/** `udev/70-dmaheap.rules:5`, a line of what generate writes. */
const LINE = /^(.+):([1-9]\d*)$/;

/** Whether the subject is about a profile rather than about a kernel tree or a code. */
export const isAboutPlan = (subject: string) => subject.startsWith('/') || LINE.test(subject);

/**
 * The profile and its plan.
 * @throws {@link Refusal}
 */
export function openPlan(context: Context, profile: string, options: ExplainPlanOptions): Explained {
  const kernel = options.kernel?.[0];
  const { plan, loaded, model } = requirePlan(context, profile, {
    ...(options.dtb === undefined ? {} : { dtb: options.dtb }),
    ...(kernel === undefined ? {} : { kernel }),
  });
  // The lines that generate writes, not only the wishes.
  return { plan: closeFromKnowledge(plan, model.knowledge).plan ?? plan, loaded };
}

/** One reason as a line for a person: what, where in the profile, what it rests on. */
function line({ text, span, facts }: Origin): string {
  const at = span === undefined ? [] : [`${span.file}:${span.line}:${span.column}`];
  const rests = facts.map(({ id, source }) => `fact ${id}, ${source}`);
  const notes = [...at, ...rests];
  return `    ${text}${notes.length === 0 ? '' : ` [${notes.join('; ')}]`}\n`;
}

export function printExplanation(context: Context, { title, origins }: PlanExplanation): void {
  context.print(`${title}\n${origins.map(line).join('')}`);
}

/** The names that a person gave; undefined: the member has keys of the language. */
const namesIn = (profile: Profile, member: string | undefined): readonly string[] | undefined =>
  member === 'regions' || member === 'heaps' || member === 'access' ? Object.keys(profile[member] ?? {}) : undefined;

function explainValue({ loaded }: Explained, pointer: string): PlanExplanation | undefined {
  const described = schemaAt(pointer);
  const [map, name] = pointerKeys(pointer);
  if (described === undefined || (name !== undefined && namesIn(loaded.profile, map)?.includes(name) === false))
    return undefined;
  let value: unknown = loaded.profile;
  for (const key of pointerKeys(pointer))
    value = value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined;
  const span = spanAround(loaded, pointer);
  const isWritten = value !== undefined;
  const text = isWritten
    ? JSON.stringify(value)
    : described.default === undefined
      ? 'not given'
      : `${JSON.stringify(described.default)}, the default`;
  return {
    title: `${pointer} is ${text}`,
    origins: [
      ...(isWritten && span !== undefined ? [{ text: 'written here', pointer, span, facts: [] }] : []),
      ...(described.description === undefined ? [] : [{ text: described.description, facts: [] }]),
    ],
  };
}

function explainLine(explained: Explained, file: string, number: number): PlanExplanation | undefined {
  const traced = traceLine(explained.plan, { version: VERSION }, file, number);
  if (traced === undefined) return undefined;
  const origins = traced.values.flatMap(({ value, text }): Origin[] => {
    const { pointer, span } = value.at ?? {};
    const at = span ?? (pointer === undefined ? undefined : spanAround(explained.loaded, pointer));
    const symbol = value.kind === 'option' ? (value.value as { readonly symbol: string }).symbol : undefined;
    const because = symbol === undefined ? undefined : explainPlannedSymbol(explained, symbol);
    const own: Origin = {
      // A comment is a reason itself, and a symbol has its reasons below it.
      text:
        value.kind === 'comment' || because !== undefined
          ? shortened(text)
          : `${shortened(text)}: ${sourceOf(explained, pointer)}`,
      ...(pointer === undefined ? {} : { pointer }),
      ...(at === undefined ? {} : { span: at }),
      facts: [],
    };
    return [own, ...(because?.origins ?? [])];
  });
  const templates = [...new Set(traced.values.map(({ where }) => where.replace(/:\d+$/, '')))];
  return {
    title: `${traced.path}:${number}: ${traced.text.trim()}`,
    origins:
      origins.length > 0
        ? [...origins, { text: `the template is templates/${templates.join(', templates/')}`, facts: [] }]
        : [{ text: 'the line contains no value of the profile; it is the same for every board', facts: [] }],
  };
}

const SHOWN = 60;
const shortened = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN - 3)}...` : text);

/** Where a written value is from, in words. */
function sourceOf({ loaded }: Explained, pointer: string | undefined): string {
  if (pointer === undefined) return 'computed from the profile';
  if (loaded.spanOf(pointer) !== undefined) return pointer;
  return schemaAt(pointer)?.default === undefined ? `from ${pointer}` : `the default of ${pointer}`;
}

/** What begins a subject that is a device node. */
const NODE = /^\/dev\/dma_heap\//;

/** @returns undefined when the subject is not of the profile */
function explained(about: Explained, subject: string): PlanExplanation | undefined {
  if (NODE.test(subject)) return explainNode(about, subject.replace(NODE, ''));
  if (subject.startsWith('/')) return explainValue(about, subject);
  const [, file, number] = LINE.exec(subject) ?? [];
  if (file !== undefined && !/^(heap|region):/.test(subject)) return explainLine(about, file, Number(number));
  const [kind, name = ''] = subject.split(/:(.*)/s);
  if (kind === 'heap' && name !== '') return explainPlannedHeap(about, name);
  if (kind === 'region' && name !== '') return explainPlannedArea(about, name);
  return explainPlannedSymbol(about, subject.replace(/^CONFIG_/, '').replace(/=.*$/s, ''));
}

/** What the plan has of the kind that the subject asks for: heaps, regions, nodes or symbols. */
export function subjectsLike({ plan, loaded }: Explained, subject: string): string[] {
  if (NODE.test(subject))
    return plan.heaps.flatMap((heap) => nodeNames(plan, heap).map((name) => `/dev/dma_heap/${name}`));
  const [, member, , below = ''] = /^\/(\w+)\/([^/]+)(\/.*)?$/.exec(subject) ?? [];
  const names = namesIn(loaded.profile, member);
  if (names !== undefined) return names.map((name) => `${childPointer(`/${member}`, name)}${below}`);
  if (subject.startsWith('heap:')) return plan.heaps.map(({ name }) => `heap:${name}`);
  if (subject.startsWith('region:')) return plan.areas.map(({ name }) => `region:${name}`);
  return plan.symbols.map(({ symbol }) => symbol);
}

export function explainPlan(
  context: Context,
  subject: string,
  profile: string | undefined,
  options: ExplainPlanOptions,
): Exit {
  if (profile === undefined)
    throw new Refusal(`${subject} needs a profile`, EXIT.usage, `dmaheap explain ${subject} board.json`);
  const about = openPlan(context, profile, options);
  const explanation = explained(about, subject);
  if (explanation === undefined) {
    const [kind] = subject.split(':');
    const known = subjectsLike(about, subject);
    const { areas, heaps } = about.plan;
    const ofProfile = [
      ...areas.map(({ name }) => ({ name, as: `region:${name}` })),
      ...heaps.map(({ name }) => ({ name, as: `heap:${name}` })),
    ];
    const [like] = suggest(subject, [...ofProfile.map(({ name }) => name), ...known]);
    const named = ofProfile.filter(({ name }) => name === like).map(({ as }) => as);
    const near = named.length > 0 ? named.join(' or ') : like;
    const [, file = '', number] = LINE.exec(subject) ?? [];
    const traced =
      number === undefined || /^(heap|region)$/.test(kind ?? '')
        ? undefined
        : traceLine(about.plan, { version: VERSION }, file, 1);
    if (traced !== undefined)
      throw new Refusal(
        `${traced.path} of ${profile} has ${traced.lines} lines`,
        EXIT.usage,
        `give a line from 1 to ${traced.lines}`,
      );
    throw new Refusal(
      `${profile} does not have ${subject}`,
      EXIT.usage,
      near === undefined
        ? subject.startsWith('/') && !NODE.test(subject)
          ? 'give a JSON pointer such as /board/memory'
          : `it has ${known.join(', ') || 'none'}`
        : `did you mean ${near}?`,
    );
  }
  if (context.options.format === 'json') context.printJson({ schemaVersion: 1, subject, ...explanation });
  else printExplanation(context, explanation);
  return EXIT.good;
}

/** Names a heap may have on some kernel, the one asked for first. */
export function kernelNames({ plan }: Explained, name: string): string[] {
  return [...new Set([name, ...(findHeap(plan, name)?.nodes ?? []).map((node) => node.name)])];
}
