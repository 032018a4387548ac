/** Which group a distribution gives its video devices to. */
import data from './distribution.json' with { type: 'json' };

export interface Distribution {
  readonly id: string;
  readonly title: string;
  /** Exists there, or is one that the generated files create. */
  readonly group: string;
  readonly source: string;
}

export const DISTRIBUTIONS: readonly Distribution[] = data.distributions;

/** @param name an id of ours, or ID or ID_LIKE of os-release */
export function distribution(name: string): Distribution | undefined {
  const words = name.toLowerCase().split(/\s+/);
  const ids = words.map((word) => (data.ids as Readonly<Record<string, string>>)[word] ?? word);
  return ids.flatMap((id) => DISTRIBUTIONS.find((one) => one.id === id) ?? [])[0];
}
