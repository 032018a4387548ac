/** For code scanning: SARIF 2.1.0, one run, one rule per code. */
import { createHash } from 'node:crypto';
import type { Location, Log, PhysicalLocation, ReportingDescriptor, Result } from 'sarif';
import type { Diagnostic, Span } from './index.js';
import type { WriteContext } from './write-context.js';

const SRCROOT = '%SRCROOT%';

export function writeSarif(diagnostics: readonly Diagnostic[], context: WriteContext): string {
  const codes = [...new Set([...Object.keys(context.codes ?? {}), ...diagnostics.map((d) => d.code)])].sort();
  const rules = codes.map((code) => rule(code, context));
  const seen = new Map<string, number>();
  const results = diagnostics.map((d): Result => {
    const key = fingerprint(d, context);
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return result(d, codes.indexOf(d.code), `${key}:${count}`, context);
  });
  const log: Log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'dmaheap',
            ...(context.toolVersion === undefined ? {} : { semanticVersion: context.toolVersion }),
            rules,
          },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { [SRCROOT]: { description: { text: 'The directory the command was run for.' } } },
        results,
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function rule(code: string, context: WriteContext): ReportingDescriptor {
  const entry = context.codes?.[code];
  if (entry === undefined) return { id: code };
  return {
    id: code,
    shortDescription: { text: entry.title },
    fullDescription: { text: entry.explain },
    help: { text: entry.explain },
    defaultConfiguration: { level: entry.severity },
  };
}

function result(d: Diagnostic, ruleIndex: number, key: string, context: WriteContext): Result {
  // A SARIF result without a location is valid, but a pointer alone still says where.
  const logical = d.pointer === undefined ? {} : { logicalLocations: [{ fullyQualifiedName: d.pointer }] };
  const location: Location = { ...(d.span ? { physicalLocation: physical(d.span, context) } : {}), ...logical };
  return {
    ruleId: d.code,
    ruleIndex,
    level: d.severity,
    message: {
      text: [d.message, ...(d.cause ? [`Cause: ${d.cause}`] : []), ...(d.fix ? [`Fix: ${d.fix}`] : [])].join('\n'),
    },
    locations: Object.keys(location).length > 0 ? [location] : [],
    ...(d.related?.length
      ? {
          relatedLocations: d.related.map(({ message, span }, id) => ({
            id,
            message: { text: message },
            physicalLocation: physical(span, context),
          })),
        }
      : {}),
    partialFingerprints: { 'dmaheapFinding/v1': key },
    ...(d.facts?.length ? { properties: { facts: [...d.facts] } } : {}),
  };
}

function physical(span: Span, context: WriteContext): PhysicalLocation {
  const snippet = span.endLine === span.line ? context.sources(span.file)?.line(span.line) : undefined;
  return {
    artifactLocation: artifact(span.file, context.baseDirectory),
    region: {
      startLine: span.line,
      startColumn: span.column,
      endLine: span.endLine,
      endColumn: span.endColumn,
      // A line of a minified file would repeat megabytes with every finding.
      ...(snippet !== undefined && snippet.length <= 400
        ? { snippet: { text: snippet.slice(span.column - 1, span.endColumn - 1) } }
        : {}),
    },
  };
}

/**
 * A file name relative to the base directory when it lies below it.
 * @param base absolute; without it the name stays as it is
 */
export function relativeFile(file: string, base: string | undefined): string {
  const plain = file.replace(/^(?:\.\/+)+/, '');
  if (base === undefined) return plain;
  const prefix = base.endsWith('/') ? base : `${base}/`;
  return plain.startsWith(prefix) ? plain.slice(prefix.length) : plain;
}

/** RFC 3986: every segment percent-encoded, colons too, lest the first one look like a scheme. */
function artifact(file: string, base: string | undefined): { uri: string; uriBaseId?: string } {
  const name = relativeFile(file, base).replace(/\p{Cs}/gu, '\ufffd');
  const uri = name.split('/').map(encodeURIComponent).join('/').replaceAll('%40', '@').replaceAll('%2B', '+');
  return name.startsWith('/') ? { uri: `file://${uri}` } : { uri, uriBaseId: SRCROOT };
}

/** Stays the same when lines are added above: what was found, where in the profile, and on what text. */
function fingerprint(d: Diagnostic, context: WriteContext): string {
  const line = d.span ? (context.sources(d.span.file)?.line(d.span.line)?.trim() ?? '') : '';
  const file = d.span ? relativeFile(d.span.file, context.baseDirectory) : '';
  return createHash('sha256')
    .update([d.code, file, d.pointer ?? line, d.message].join('\0'))
    .digest('hex')
    .slice(0, 32);
}
