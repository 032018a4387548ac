/** Compares a merged profile with the language, and reports what is wrong in the words of the profile. */
import type { ErrorObject } from 'ajv';
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { DRAFT_KERNELS, EXAMPLE_KERNEL } from '../facts/index.js';
import { lookalike } from '../source/lookalike.js';
import { childPointer, pointerKeys } from '../source/pointer.js';
import { suggest } from '../source/suggest.js';
import { report } from './codes.js';
import { schemaAt } from './describe.js';
import validate from './validator.gen.js';

export type SpanOf = (pointer: string, part?: 'key' | 'value') => Span | undefined;

const place = (spanOf: SpanOf, pointer: string, part: 'key' | 'value' = 'value') => {
  const span = spanOf(pointer, part);
  return { pointer, ...(span === undefined ? {} : { span }) };
};

/** The last key of a pointer; an item of a list as `buffers[0]`. */
function what(pointer: string): string {
  if (pointer === '') return 'the profile';
  const [list = '', key = ''] = pointerKeys(`/${pointer}`).slice(-2);
  return /^\d+$/.test(key) ? `${list}[${key}]` : key;
}
const list = (values: readonly unknown[]) => values.map((v) => JSON.stringify(v)).join(', ');

function expectation(error: ErrorObject): string {
  const p = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'type':
      return `must be ${([] as unknown[]).concat(p.type).join(' or ')}`;
    case 'enum':
      return `must be one of ${list(p.allowedValues as unknown[])}`;
    case 'const':
      return `must be ${JSON.stringify(p.allowedValue)}`;
    case 'pattern':
      return `must match ${p.pattern}`;
    case 'uniqueItems':
      return `contains the same item twice (items ${p.j} and ${p.i})`;
    default:
      return error.message ?? 'is not allowed here';
  }
}

function describe(error: ErrorObject, spanOf: SpanOf, value: unknown): Diagnostic {
  const at = error.instancePath;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      const keys = Object.keys(schemaAt(at)?.properties ?? {});
      const near = suggest(key, keys);
      return report('profile/unknown-key', {
        message: `${what(at)} has no key "${key}"`,
        ...strange(key),
        fix:
          near.length > 0 ? `did you mean "${near[0]}"?` : keys.length > 0 ? `use one of ${list(keys)}` : 'remove it',
        ...place(spanOf, childPointer(at, key), 'key'),
      });
    }
    case 'required':
      return report('profile/missing-key', {
        message: `${what(at)} lacks the key "${params.missingProperty}"`,
        fix: `add "${params.missingProperty}"`,
        ...place(spanOf, at, 'key'),
      });
    case 'propertyNames': {
      const key = String(params.propertyName);
      return report('profile/bad-name', {
        message: `"${key}" is not a valid name in ${what(at)}`,
        cause: `names in ${what(at)} must match ${schemaAt(at)?.propertyNames?.pattern ?? 'another pattern'}${tail(lookalike(key))}`,
        fix: 'rename it',
        ...place(spanOf, childPointer(at, key), 'key'),
      });
    }
    case 'oneOf':
      return report('profile/either-or', {
        message: at.startsWith('/kernel')
          ? `${what(at)} must be one release ("${EXAMPLE_KERNEL}") or a range ({ "min": "${DRAFT_KERNELS.min}", "max": "${EXAMPLE_KERNEL}" })`
          : at.includes('/buffers/')
            ? 'a buffer set needs either "size", or "width", "height" and "format"'
            : `the region "${what(at)}" needs exactly one of "size" and "budget"`,
        fix: at.startsWith('/kernel') ? 'write MAJOR.MINOR, or both "min" and "max"' : 'keep one of them',
        ...place(spanOf, at, at.startsWith('/kernel') ? 'value' : 'key'),
      });
    default:
      return report('profile/bad-value', {
        message: `${what(at)} ${expectation(error)}${shown(value, at)}`,
        ...strange(valueAt(value, at)),
        ...hint(error, at),
        ...place(spanOf, at),
      });
  }
}

const tail = (why: string | undefined) => (why === undefined ? '' : `; ${why}`);

/** The cause where a word only looks right. */
function strange(text: unknown): { cause?: string } {
  const cause = typeof text === 'string' ? lookalike(text) : undefined;
  return cause === undefined ? {} : { cause };
}

function valueAt(value: unknown, pointer: string): unknown {
  let found = value;
  for (const key of pointerKeys(pointer)) found = (found as Record<string, unknown> | undefined)?.[key];
  return found;
}

/** `, not "arm46"` for a scalar that is short enough to repeat. */
function shown(value: unknown, pointer: string): string {
  const found = valueAt(value, pointer);
  const text = typeof found === 'object' ? undefined : JSON.stringify(found);
  return text === undefined || text.length > 60 ? '' : `, not ${text}`;
}

function hint(error: ErrorObject, at: string): { fix?: string } {
  if (error.keyword === 'enum') return { fix: 'use one of the listed values' };
  if (error.keyword === 'const') return { fix: `write ${JSON.stringify(error.params.allowedValue)}` };
  if (error.keyword === 'uniqueItems') return { fix: 'remove one of them' };
  if (error.keyword === 'pattern' && at.startsWith(VERSION))
    return { fix: `write MAJOR.MINOR, such as "${EXAMPLE_KERNEL}"` };
  if (error.keyword === 'pattern' || error.keyword === 'type') {
    const [example] = schemaAt(at)?.examples ?? [];
    const text = JSON.stringify(example) ?? '';
    return { fix: text === '' || text.length > LONGEST_EXAMPLE ? SCHEMA_FIX : `write it as in this example: ${text}` };
  }
  return { fix: 'stay within the limit' };
}

/** Whether a key that is there too many looks like the one that is missing. */
function isMisspelt({ instancePath, params }: ErrorObject, errors: readonly ErrorObject[]): boolean {
  const strangers = errors.filter((e) => e.keyword === 'additionalProperties' && e.instancePath === instancePath);
  return strangers.some((e) => suggest(String(e.params.additionalProperty), [params.missingProperty]).length > 0);
}

const LONGEST_EXAMPLE = 120;
/** The schema is in the program, whatever else was installed. */
const SCHEMA_FIX = '`dmaheap schema` prints the form of every key';

const VERSION = '/kernel/version';

/** Findings about types, keys and forms; empty when the value is a profile of version 1. */
export function checkShape(value: unknown, spanOf: SpanOf): Diagnostic[] {
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  const alternatives = errors.filter((e) => e.keyword === 'oneOf').map((e) => e.instancePath);
  const isRange = errors.some(
    (e) =>
      e.instancePath.startsWith(`${VERSION}/`) || (e.instancePath === VERSION && /required|additional/.test(e.keyword)),
  );
  const seen = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  for (const error of errors) {
    // A release or a range: of what is a range its bounds are told, of anything else that it is neither.
    if (error.instancePath === VERSION && (error.keyword === 'oneOf' ? isRange : /type|pattern/.test(error.keyword)))
      continue;
    // What an alternative of a oneOf lacks is not reported if the oneOf itself is.
    if (error.keyword !== 'oneOf' && alternatives.includes(error.instancePath) && error.schemaPath.includes('/oneOf/'))
      continue;
    if (error.keyword === 'pattern' && error.propertyName !== undefined) continue;
    // A misspelt key is why the right one is missing.
    if (error.keyword === 'required' && isMisspelt(error, errors)) continue;
    if (
      error.keyword === 'oneOf' &&
      errors.some((e) => e.keyword === 'additionalProperties' && e.instancePath === error.instancePath)
    )
      continue;
    const diagnostic = describe(error, spanOf, value);
    const identity = `${diagnostic.code} ${diagnostic.pointer} ${diagnostic.message}`;
    if (!seen.has(identity)) diagnostics.push(diagnostic);
    seen.add(identity);
  }
  return diagnostics;
}
