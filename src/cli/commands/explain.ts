/** dmaheap explain: a symbol on a kernel tree, a region or heap of a board, or the code of a finding. */
import { suggest } from '../../source/suggest.js';
import { allCodes } from '../codes.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import type { PlaceOptions } from '../placement.js';
import { explainPlacement } from './explain-placement.js';
import { type ExplainSymbolOptions, explainSymbolCommand } from './explain-symbol.js';

export async function explain(
  context: Context,
  subject: string,
  profile: string | undefined,
  options: ExplainSymbolOptions & PlaceOptions,
): Promise<Exit> {
  if (/^(region|heap):/.test(subject)) return explainPlacement(context, subject, profile, options);
  if (!subject.includes('/')) return explainSymbolCommand(context, subject, options);
  const codes = allCodes();
  const entry = codes[subject];
  if (entry === undefined) {
    const near = suggest(subject, Object.keys(codes))[0];
    context.complain(`there is no finding "${subject}"`, near === undefined ? undefined : `did you mean "${near}"?`);
    return EXIT.usage;
  }
  if (context.options.format === 'json') context.printJson({ schemaVersion: 1, code: subject, ...entry });
  else context.print(`${subject} (${entry.severity}): ${entry.title}\n    ${entry.explain}\n`);
  return EXIT.good;
}
