/** systemd units that may use only some devices, and whether heaps are among them. */
import type { Severity, Span } from '../diagnostic/index.js';
import type { Plan } from '../plan/types.js';
import type { SourceText } from '../source/index.js';

interface Setting {
  readonly key: string;
  readonly value: string;
  readonly span: Span;
}

export interface UnitFinding {
  readonly severity: Severity;
  readonly message: string;
  readonly cause: string;
  readonly fix: string;
  readonly span: Span;
}

const UNIT = /(?:^|\/)systemd\/system\/(?:([^/]+\.service)|([^/]+\.service)\.d\/[^/]+\.conf)$/;

/** Settings of each service with its drop-ins, which come after the unit itself. */
function settingsOf(files: readonly { readonly path: string; readonly source: SourceText }[]): Map<string, Setting[]> {
  const units = new Map<string, Setting[]>();
  const ordered = [...files].sort((a, b) => Number(a.path.endsWith('.conf')) - Number(b.path.endsWith('.conf')));
  for (const { path, source } of ordered) {
    const match = UNIT.exec(path);
    const name = match?.[1] ?? match?.[2];
    if (name === undefined) continue;
    // A unit in /etc replaces the one of the same name in /usr.
    if (match?.[1] !== undefined && units.has(name) && !path.startsWith('etc/')) continue;
    const settings = match?.[1] === undefined ? (units.get(name) ?? []) : [];
    for (const line of source.text.matchAll(/^[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(.*?)[ \t]*$/gm))
      settings.push({
        key: line[1] as string,
        value: line[2] as string,
        span: source.span(line.index, line[0].length),
      });
    units.set(name, settings);
  }
  return units;
}

const last = (settings: readonly Setting[], key: string) => settings.findLast((one) => one.key === key);

/** An empty assignment takes back what was allowed before. */
function allowed(settings: readonly Setting[]): string[] {
  let list: string[] = [];
  for (const { key, value } of settings) if (key === 'DeviceAllow') list = value === '' ? [] : [...list, value];
  return list;
}

const allowsHeaps = (list: readonly string[]) =>
  list.some((entry) => /^(?:char-(?:dma_heap|\*)|\/dev\/dma_heap\/\S+)(?:\s|$)/.test(entry));

/** Services that cannot reach the heaps: an error for those the profile gives access, a note for the others. */
export function unitsAgainst(
  plan: Plan,
  files: readonly { readonly path: string; readonly source: SourceText }[],
): UnitFinding[] {
  const users = new Set(plan.groups.flatMap((group) => group.users));
  const groups = new Set(plan.groups.map((group) => group.name));
  return [...settingsOf(files)].flatMap(([name, settings]): UnitFinding[] => {
    const policy = last(settings, 'DevicePolicy');
    const isPrivate = last(settings, 'PrivateDevices');
    const shut = policy !== undefined && ['closed', 'strict'].includes(policy.value) ? policy : undefined;
    const hidden = isPrivate !== undefined && /^(?:1|yes|true|on)$/i.test(isPrivate.value) ? isPrivate : undefined;
    const because = hidden ?? shut;
    // PrivateDevices= gives a /dev without the nodes, whatever DeviceAllow= says.
    if (because === undefined || (hidden === undefined && allowsHeaps(allowed(settings)))) return [];
    const user = last(settings, 'User')?.value ?? '';
    const own = `${last(settings, 'Group')?.value ?? ''} ${settings
      .filter(({ key }) => key === 'SupplementaryGroups')
      .map(({ value }) => value)
      .join(' ')}`;
    const concerns =
      users.has(user) || own.split(/\s+/).some((group) => groups.has(group)) || allowsHeaps(allowed(settings));
    // A service that nobody said needs heaps is right to shut itself out.
    if (!concerns && hidden !== undefined) return [];
    return [
      {
        severity: concerns ? 'error' : 'note',
        message: `${name} has ${because.key}=${because.value} and no way to /dev/dma_heap`,
        cause: concerns
          ? 'the profile gives its user or group a heap'
          : 'if its program allocates from a heap, opening it fails with EPERM',
        fix:
          hidden === undefined
            ? 'add DeviceAllow=char-dma_heap rw'
            : 'set PrivateDevices=no, DevicePolicy=closed and DeviceAllow=char-dma_heap rw',
        span: because.span,
      },
    ];
  });
}
