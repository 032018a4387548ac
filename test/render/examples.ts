import { readdirSync, readFileSync } from 'node:fs';
import type { Diagnostic } from '../../src/diagnostic/index.js';
import { resolveModel } from '../../src/model/index.js';
import { makePlan, type Plan } from '../../src/plan/index.js';
import { readProfile } from '../../src/profile/load.js';

const EXAMPLES = new URL('../../schemas/examples/', import.meta.url);

/** Names of the example boards, without `.json`. */
export const BOARDS: readonly string[] = readdirSync(EXAMPLES)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))
  .sort();

/** From the profile alone to the plan, as `generate` does without --dtb. */
export function examplePlan(board: string): { readonly plan: Plan; readonly diagnostics: readonly Diagnostic[] } {
  const read = (file: string) => ({ text: readFileSync(file, 'utf8') });
  const loaded = readProfile(new URL(`${board}.json`, EXAMPLES).pathname, read);
  const model = loaded.value && resolveModel(loaded.value, {});
  const plan = model?.value && makePlan(model.value);
  const diagnostics = [loaded, model, plan].flatMap((outcome) => outcome?.diagnostics ?? []);
  if (plan?.value === undefined) throw new Error(`${board}: ${diagnostics.map((d) => d.message).join('; ')}`);
  return { plan: plan.value, diagnostics };
}
