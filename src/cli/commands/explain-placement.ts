/** dmaheap explain region:NAME | heap:NAME: where it is, what it is called, and why. */
import type { Diagnostic } from '../../diagnostic/index.js';
import { formatKernelVersion } from '../../facts/index.js';
import { type Explanation, explainHeap, explainRegion } from '../../placement/index.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { type PlaceOptions, Refusal, settlePlacement } from '../placement.js';

export async function explainPlacement(
  context: Context,
  subject: string,
  profile: string | undefined,
  options: PlaceOptions,
): Promise<Exit> {
  const [kind = '', name = ''] = subject.split(/:(.*)/s);
  const diagnostics: Diagnostic[] = [];
  try {
    const { input, kernels } = settlePlacement(context, profile, options, diagnostics);
    const explained = kernels.map((kernel) => {
      const asked = { ...input, kernel };
      return { kernel, explanation: kind === 'heap' ? explainHeap(asked, name) : explainRegion(asked, name) };
    });
    if (explained.every(({ explanation }) => explanation === undefined)) {
      context.complain(`there is no ${kind} "${name}" on this board`, 'dmaheap place lists regions and heaps');
      return EXIT.usage;
    }
    if (context.options.format === 'json')
      context.printJson({
        schemaVersion: 1,
        subject,
        explanations: explained.map(({ kernel, explanation }) => ({
          kernel: formatKernelVersion(kernel),
          ...explanation,
        })),
      });
    else
      for (const { kernel, explanation } of explained)
        context.print(`Linux ${formatKernelVersion(kernel)}: ${describe(explanation, kind, name)}\n`);
    return EXIT.good;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    context.findings(diagnostics);
    if (error.message !== '') context.complain(error.message, error.fix);
    return error.exit;
  }
}

function describe(explanation: Explanation | undefined, kind: string, name: string): string {
  if (explanation === undefined) return `no ${kind} ${name}`;
  const reasons = explanation.reasons.map(({ text, facts, source }) => {
    const rests = [...facts.map((fact) => `fact ${fact}`), ...(source === undefined ? [] : [source])];
    return `    ${text}${rests.length === 0 ? '' : ` [${rests.join('; ')}]`}`;
  });
  return [explanation.title, ...reasons].join('\n');
}
