/** dmaheap explain: a symbol, region, heap, value or line of a board, or what a code means. */
import { CHECKS_WITH_CONFIRM, type Check, INPUT_OPTION } from '../../check/index.js';
import { meaningOf, NAMES_OF_ANSWERS } from '../../diagnose/index.js';
import { FACTS } from '../../facts/index.js';
import { suggest } from '../../source/suggest.js';
import { VERIFIER_CHECKS } from '../../verify/checks.js';
import { DIAGNOSES } from '../../verify/diagnoses.gen.js';
import { allCodes } from '../codes.js';
import type { Context } from '../context.js';
import { declare, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { BOARD, KERNEL_TREE } from '../options.js';
import type { PlaceOptions } from '../placement.js';
import { Refusal } from '../refusal.js';
import { explainPlacement } from './explain-placement.js';
import { explainPlan, isAboutPlan } from './explain-plan.js';
import { type ExplainSymbolOptions, explainSymbolCommand } from './explain-symbol.js';
import { facts } from './facts.js';

export const command = declare({
  name: 'explain',
  about: 'explain the reason for a symbol, region, heap, value or line, and the meaning of a finding',
  arguments: [
    [
      '<subject>',
      'a symbol, region:NAME, heap:NAME, a value (/board/memory), a line (udev/70-dmaheap.rules:5), a fact, the code of a finding, a line of the kernel, a path (/dev/dma_heap/linux,cma) or a recipe (chmod 666)',
    ],
    ['[profile]', 'the profile of the board'],
  ],
  options: {
    ...KERNEL_TREE,
    whyNot: text('--why-not <goal>', 'what prevents X=y, or what X=y needs'),
    ...BOARD,
  },
  examples: [
    'explain CMA --why-not CMA=y --kernel-tree linux-6.12 --arch arm64 --base-config .config',
    'explain region:linux,cma my-board.jsonc --dtb my-board.dtb --kernel 6.12',
    'explain heap:camera my-board.jsonc',
    'explain /access/camera/mode my-board.jsonc',
    'explain udev/70-dmaheap.rules:5 my-board.jsonc',
    'explain DMABUF_HEAPS_CMA my-board.jsonc',
    'explain HEAP_RENAMED',
    'explain "cma: Failed to reserve 64 MiB"',
    'explain plan/size-rounded',
  ],
  run: explain,
});

/** Names of causes, of the verifier and of `diagnose`. */
const NAMED = [...DIAGNOSES, ...NAMES_OF_ANSWERS];

const SUBJECTS =
  'give a symbol with --kernel-tree, heap:NAME or region:NAME with a profile, a fact (dmaheap facts lists them), or the code that a finding shows in brackets';

async function explain(
  context: Context,
  subject: string,
  profile: string | undefined,
  options: ExplainSymbolOptions & PlaceOptions,
): Promise<Exit> {
  if (/^(region|heap):/.test(subject)) return explainPlacement(context, subject, profile, options);
  const meaning = profile === undefined ? meaningOf(subject) : undefined;
  if (meaning !== undefined) {
    if (context.options.format === 'json') context.printJson({ schemaVersion: 1, subject, ...meaning });
    else context.print(`${subject}: ${meaning.text}\n    next: ${meaning.next}\n`);
    return EXIT.good;
  }
  if (isAboutPlan(subject)) return explainPlan(context, subject, profile, options);
  if (FACTS.has(subject)) return facts(context, subject);
  if (subject.includes('/')) return explainCode(context, subject);
  const check = CHECKS_WITH_CONFIRM.find(({ id }) => id === subject);
  if (check !== undefined) return explainCheck(context, check);
  const asked = VERIFIER_CHECKS[subject];
  if (asked !== undefined) {
    if (context.options.format === 'json') context.printJson({ schemaVersion: 1, check: subject, asks: asked });
    else
      context.print(
        `${subject}: a check of dmaheap-verify: ${asked}\n    next: a result that is not a pass has a diagnosis; dmaheap explain NAME explains it\n`,
      );
    return EXIT.good;
  }
  const diagnosis = NAMED.find(({ id }) => id === subject);
  if (diagnosis !== undefined) {
    if (context.options.format === 'json') context.printJson({ schemaVersion: 1, ...diagnosis });
    else context.print(`${subject}: ${diagnosis.cause}\n    fix: ${diagnosis.fix}\n`);
    return EXIT.good;
  }
  if (profile !== undefined && options.kernelTree === undefined) return explainPlan(context, subject, profile, options);
  const near = suggest(subject, [...FACTS.keys(), ...NAMED.map(({ id }) => id)])[0];
  const isSymbol = /^[A-Z0-9_]{2,}(>?=.*)?$/.test(subject);
  if (options.kernelTree === undefined && (near !== undefined || !isSymbol))
    throw new Refusal(`"${subject}" is not known`, EXIT.usage, near === undefined ? SUBJECTS : `did you mean ${near}?`);
  return explainSymbolCommand(context, subject, options);
}

function explainCheck(context: Context, { id, title, needs }: Check): Exit {
  const options = needs.inputs.map((input) => INPUT_OPTION[input]);
  const needed = [...options, ...needs.tools];
  if (context.options.format === 'json') context.printJson({ schemaVersion: 1, check: id, title, needs: needed });
  else
    context.print(
      `${id}: a check of a generated tree (dmaheap check). ${title}\n${needed.length === 0 ? '' : `    needs: ${needed.join(', ')}\n`}`,
    );
  return EXIT.good;
}

function explainCode(context: Context, subject: string): Exit {
  const codes = allCodes();
  const entry = codes[subject];
  if (entry === undefined) {
    const near = suggest(subject, Object.keys(codes))[0];
    throw new Refusal(
      `there is no finding "${subject}"`,
      EXIT.usage,
      near === undefined ? SUBJECTS : `did you mean "${near}"?`,
    );
  }
  if (context.options.format === 'json') context.printJson({ schemaVersion: 1, code: subject, ...entry });
  else context.print(`${subject} (${entry.severity}): ${entry.title}\n    ${entry.explain}\n`);
  return EXIT.good;
}
