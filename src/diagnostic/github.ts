/** For a GitHub Actions log: workflow commands that become annotations on the changed lines. */
import type { Diagnostic, Severity } from './index.js';
import { relativeFile } from './sarif.js';
import type { WriteContext } from './write-context.js';

const COMMAND: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', note: 'notice' };

export function writeGithub(diagnostics: readonly Diagnostic[], context: WriteContext): string {
  return diagnostics.map((d) => `${command(d, context)}\n`).join('');
}

function command(d: Diagnostic, context: WriteContext): string {
  const properties: [string, string | number][] = [];
  if (d.span) {
    properties.push(['file', relativeFile(d.span.file, context.baseDirectory)], ['line', d.span.line]);
    // GitHub refuses columns for a finding of several lines, and counts the last column in.
    if (d.span.endLine !== d.span.line) properties.push(['endLine', d.span.endLine]);
    else properties.push(['col', d.span.column], ['endColumn', Math.max(d.span.column, d.span.endColumn - 1)]);
  }
  properties.push(['title', d.code]);
  const text = [
    d.message,
    ...(d.pointer === undefined ? [] : [`at ${d.pointer}`]),
    ...(d.cause === undefined ? [] : [`cause: ${d.cause}`]),
    ...(d.fix === undefined ? [] : [`fix: ${d.fix}`]),
    ...(d.facts?.length ? [`facts: ${d.facts.join(', ')}`] : []),
    ...(d.related ?? []).map(({ message, span }) => `see ${span.file}:${span.line}:${span.column}: ${message}`),
  ].join('\n');
  const written = properties.map(([name, value]) => `${name}=${property(String(value))}`).join(',');
  return `::${COMMAND[d.severity]} ${written}::${data(text)}`;
}

/** The two escapes of the runner; without them a value ends the property, the command or the line. */
const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
