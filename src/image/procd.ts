/** What OpenWrt's procd makes of a node by /etc/hotplug.json, the program of its hotplug handler. */
import type { SourceText } from '../source/index.js';

export interface ProcdAnswer {
  readonly mode: number;
  readonly group: string | undefined;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
class Return extends Error {}

/** @param device name below /dev @returns undefined when no `makedev` is reached, or the file is not understood */
export function procdNode(source: SourceText | undefined, device: string, subsystem: string): ProcdAnswer | undefined {
  if (source === undefined) return undefined;
  const environment: Readonly<Record<string, string>> = {
    ACTION: 'add',
    SUBSYSTEM: subsystem,
    DEVNAME: device,
    DEVPATH: `/devices/virtual/${subsystem}/${device.replace(/^.*\//, '')}`,
    MAJOR: '250',
    MINOR: '0',
  };
  const expand = (value: Json | undefined) =>
    String(value ?? '').replace(/%(\w+)%/g, (_, name: string) => environment[name] ?? '');
  let answer: ProcdAnswer | undefined;
  const holds = (expression: Json): boolean => {
    if (!Array.isArray(expression)) return false;
    const [name, ...rest] = expression as readonly Json[];
    const [first, second] = rest;
    const values = Array.isArray(second) ? second : [second];
    const value = environment[String(first)];
    if (name === 'and') return rest.every(holds);
    if (name === 'or') return rest.some(holds);
    if (name === 'not') return !rest.some(holds);
    if (name === 'has')
      return (Array.isArray(first) ? first : [first]).some((one) => environment[String(one)] !== undefined);
    if (name === 'eq') return value !== undefined && values.some((one) => expand(one as Json) === value);
    if (name === 'regex')
      return value !== undefined && values.some((one) => new RegExp(expand(one as Json)).test(value));
    return false;
  };
  const run = (command: Json): void => {
    if (!Array.isArray(command)) return;
    if (Array.isArray(command[0])) {
      for (const one of command as readonly Json[]) run(one);
      return;
    }
    const [name, ...rest] = command as readonly Json[];
    if (name === 'if') run((holds(rest[0] ?? null) ? rest[1] : rest[2]) ?? null);
    else if (name === 'case') {
      const cases = rest[1];
      const value = environment[String(rest[0])];
      if (value !== undefined && typeof cases === 'object' && cases !== null)
        run((cases as Readonly<Record<string, Json>>)[value] ?? null);
    } else if (name === 'makedev') {
      const mode = Number.parseInt(expand(rest[1]), 8);
      if (expand(rest[0]) === `/dev/${device}` && !Number.isNaN(mode))
        answer = { mode, group: rest[2] === undefined ? undefined : expand(rest[2]) };
    } else if (name === 'return') throw new Return();
  };
  try {
    run(JSON.parse(source.text) as Json);
  } catch (error) {
    if (!(error instanceof Return)) return undefined;
  }
  return answer;
}
