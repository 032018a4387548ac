/** The commands, in the order of the help. The code of one is loaded when it is asked for. */
import type { Declaration } from './declaration.js';

type Load = () => Promise<Declaration>;

export const COMMANDS: Readonly<Record<string, Load>> = {
  init: async () => (await import('./commands/init.js')).command,
  import: async () => (await import('./commands/import.js')).command,
  validate: async () => (await import('./commands/validate.js')).command,
  generate: async () => (await import('./commands/generate.js')).command,
  check: async () => (await import('./commands/check.js')).command,
  place: async () => (await import('./commands/place.js')).command,
  resolve: async () => (await import('./commands/resolve.js')).command,
  explain: async () => (await import('./commands/explain.js')).command,
  report: async () => (await import('./commands/report.js')).command,
  explore: async () => (await import('./commands/explore.js')).command,
  diff: async () => (await import('./commands/diff.js')).command,
  verify: async () => (await import('./commands/verify.js')).command,
  diagnose: async () => (await import('./commands/diagnose.js')).command,
  targets: async () => (await import('./commands/targets.js')).command,
  kernel: async () => (await import('./commands/kernel.js')).command,
  facts: async () => (await import('./commands/facts.js')).command,
  schema: async () => (await import('./commands/schema.js')).command,
  completion: async () => (await import('./commands/completion.js')).completionOf(everyCommand),
  version: async () => (await import('./commands/version.js')).command,
  matrix: async () => (await import('./commands/matrix.js')).command,
};

export function everyCommand(): Promise<Declaration[]> {
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}
