/** dmaheap explain region:NAME | heap:NAME: where it is, what it is called, and why. */
import type { Diagnostic } from '../../diagnostic/index.js';
import { formatKernelVersion } from '../../facts/index.js';
import { type Explanation, explainHeap, explainRegion } from '../../placement/index.js';
import {
  type Explained,
  explainPlannedArea,
  explainPlannedHeap,
  findArea,
  type PlanExplanation,
} from '../../plan/explain.js';
import { suggest } from '../../source/suggest.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { type PlaceOptions, settlePlacement } from '../placement.js';
import { Refusal, refusedAfter } from '../refusal.js';
import { explainPlan, kernelNames, openPlan, printExplanation, subjectsLike } from './explain-plan.js';

/** What the plan says of the subject, and the names to ask the simulator for. */
interface Planned {
  readonly explanation: PlanExplanation | undefined;
  readonly names: readonly string[];
}

function plannedBy(about: Explained | undefined, kind: string, name: string): Planned {
  if (about === undefined) return { explanation: undefined, names: [name] };
  if (kind === 'heap') return { explanation: explainPlannedHeap(about, name), names: kernelNames(about, name) };
  const area = findArea(about.plan, name);
  return { explanation: explainPlannedArea(about, name), names: area === undefined ? [name] : [area.areaName, name] };
}

export async function explainPlacement(
  context: Context,
  subject: string,
  profile: string | undefined,
  options: PlaceOptions,
): Promise<Exit> {
  const [kind = '', name = ''] = subject.split(/:(.*)/s);
  if (options.dtb === undefined && profile === undefined)
    throw new Refusal(
      `${subject} needs a profile or the DTB of a board`,
      EXIT.usage,
      `give one: dmaheap explain ${subject} board.json, or --dtb board.dtb`,
    );
  // Without a board there is nothing to simulate, but the profile's own reasons are known.
  if (options.dtb === undefined) return explainPlan(context, subject, profile, options);
  const diagnostics: Diagnostic[] = [];
  try {
    const { input, kernels } = settlePlacement(context, profile, options, diagnostics);
    const about = profile === undefined ? undefined : openPlan(context, profile, options);
    const planned = plannedBy(about, kind, name);
    const explained = kernels.map((kernel) => {
      const asked = { ...input, kernel };
      const explanation = planned.names
        .map((one) => (kind === 'heap' ? explainHeap(asked, one) : explainRegion(asked, one)))
        .find((one) => one !== undefined);
      return { kernel, explanation };
    });
    if (planned.explanation === undefined && explained.every(({ explanation }) => explanation === undefined))
      throw noSuch(about, subject, `there is no ${kind} "${name}" on this board`);
    if (context.options.format === 'json')
      context.printJson({
        schemaVersion: 1,
        subject,
        ...(planned.explanation === undefined ? {} : { profile: planned.explanation }),
        explanations: explained.map(({ kernel, explanation }) => ({
          kernel: formatKernelVersion(kernel),
          ...explanation,
        })),
      });
    else {
      if (planned.explanation !== undefined) printExplanation(context, planned.explanation);
      for (const { kernel, explanation } of explained)
        context.print(`Linux ${formatKernelVersion(kernel)}: ${describe(explanation, kind, name)}\n`);
    }
    return EXIT.good;
  } catch (error) {
    throw refusedAfter(error, { diagnostics, sources: new Map() });
  }
}

function noSuch(about: Explained | undefined, subject: string, message: string): Refusal {
  const [near] = about === undefined ? [] : suggest(subject, subjectsLike(about, subject));
  return new Refusal(
    message,
    EXIT.usage,
    near === undefined ? 'run dmaheap place, which lists regions and heaps' : `did you mean ${near}?`,
  );
}

function describe(explanation: Explanation | undefined, kind: string, name: string): string {
  if (explanation === undefined) return `no ${kind} ${name}`;
  const reasons = explanation.reasons.map(({ text, facts, source }) => {
    const rests = [...facts.map((fact) => `fact ${fact}`), ...(source === undefined ? [] : [source])];
    return `    ${text}${rests.length === 0 ? '' : ` [${rests.join('; ')}]`}`;
  });
  return [explanation.title, ...reasons].join('\n');
}
