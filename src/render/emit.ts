/** The other half of the guard: what runs where a template had `{{x}}`. */
import runtime from 'handlebars/runtime.js';
import type { Diagnostic, Outcome } from '../diagnostic/index.js';
import { type Kind, type Language, LeafValue, leaf, Text, write } from '../lang/index.js';
import type { ViewRecord } from './view.js';

// The type of the run-time half declares no members.
const { template: instantiate } = runtime as unknown as Pick<typeof Handlebars, 'template'>;

/** A compiled template; `program` is what Handlebars precompiled. */
export interface Template<L extends Language = Language> {
  /** File below templates/, for messages. */
  readonly file: string;
  readonly language: L;
  readonly program: unknown;
}

/** A value on its way into the output. */
export interface Emitted {
  readonly value: LeafValue;
  /** As it is in the output. */
  readonly text: string;
  /** `file:line:column` in templates/. */
  readonly where: string;
  /** As the template names it, e.g. `board.arch`. */
  readonly name: string;
}

/** Gives text to write before a value, by which the value can be found again. */
export type Mark = (emitted: Emitted) => string;

/**
 * Fills a template. A value that its language cannot write becomes a diagnostic.
 * @throws when template and view do not fit: an unknown name, a bare string, text of another language
 */
export function fill<L extends Language>(
  template: Template<L>,
  view: ViewRecord<NoInfer<L>>,
  mark: Mark = () => '',
): Outcome<string> {
  const diagnostics: Diagnostic[] = [];

  const emit = (value: unknown, where: string, name: string, kind: Kind | ''): string => {
    if (Text.isText(value)) {
      if (value.language === template.language) return value.spelled;
      throw new Error(
        `${where}: '${name}' was escaped for ${value.language}, but the template is ${template.language}`,
      );
    }
    if (!(value instanceof LeafValue))
      throw new Error(
        `${where}: '${name}' is ${describe(value)}, which was not made by a writer of ${template.language}`,
      );
    const written = write(template.language, kind === '' ? value : as(value, kind, where, name));
    diagnostics.push(...written.diagnostics);
    const text = written.value?.spelled ?? '';
    return `${mark({ value, text, where, name })}${text}`;
  };

  const need = (value: unknown, where: string, name: string): unknown => {
    if (value === undefined || value === null) throw new Error(`${where}: the view does not have '${name}'`);
    return value;
  };

  const text = instantiate(template.program as TemplateSpecification)(view, { helpers: { emit, need } });
  return diagnostics.length === 0 ? { value: text, diagnostics } : { diagnostics };
}

/** The same value seen as another kind, `{{comment name}}`: only where both kinds hold the same sort of value. */
function as(value: LeafValue, kind: Kind, where: string, name: string): LeafValue {
  if (typeof value.value !== 'string')
    throw new Error(`${where}: '${name}' is a ${value.kind}, which cannot become a ${kind}`);
  return leaf(kind as 'string', value.value, value.at);
}

function describe(value: unknown): string {
  if (value === undefined) return 'not in the view';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a record' : `a ${typeof value}`;
}
