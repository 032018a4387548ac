/** What both kinds of report consist of: the page around the sections, tables, and what is wrong. */
import type { Diagnostic } from '../diagnostic/index.js';
import { Html, html } from '../lang/html.js';
import { STYLE } from './style.js';

export type Cell = Html | string;

export const status = (name: string): Html => html`<span class="status ${name}">${name}</span>`;
export const code = (text: string): Html => html`<code>${text}</code>`;

export function table(caption: string, heads: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  if (rows.length === 0) return html`<p class="dim">${caption}: none.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows.map(
    ([first = '', ...others]) =>
      html`<tr><th scope="row">${first}</th>${others.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

const SEVERITIES: readonly Diagnostic['severity'][] = ['error', 'warning', 'note'];

/** Where in which file, as far as it is known. */
function placeOf({ pointer, span }: Diagnostic): string {
  const file = span === undefined ? '' : span.file;
  return [file, pointer ?? ''].filter((part) => part !== '').join(' ');
}

/** Findings, the worst first, each with its cause and fix. */
export function findingsList(findings: readonly Diagnostic[]): Html {
  const sorted = SEVERITIES.flatMap((severity) => findings.filter((one) => one.severity === severity));
  return html`${sorted.map(
    (one) =>
      html`<article class="finding ${one.severity}"><p>${status(one.severity)} <strong>${one.message}</strong> ${code(one.code)}${placeOf(one) !== '' && html` <span class="dim">${placeOf(one)}</span>`}</p>${one.cause !== undefined && html`<p>Cause: ${one.cause}</p>`}${one.fix !== undefined && html`<p>Fix: ${one.fix}</p>`}</article>`,
  )}`;
}

export interface Verdict {
  readonly kind: 'good' | 'bad' | 'open';
  readonly word: string;
  readonly text: Html | string;
}

export interface Section {
  readonly id: string;
  /** The word in the navigation. */
  readonly name: string;
  readonly title: string;
  readonly content: Html;
}

/** The page. Self-contained: no script, no network. */
export function pageOf(
  title: string,
  about: Html,
  { kind, word, text }: Verdict,
  sections: readonly Section[],
): string {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}: DMA-BUF heaps</title><style>${new Html(STYLE)}</style></head><body>
<header><h1>${title}</h1>
<p class="verdict ${kind}"><strong>${word}</strong>: ${text}</p>
<p class="dim">${about}</p>
<nav aria-label="Sections">${sections.map(({ id, name }) => html`<a href="#${id}">${name}</a> `)}</nav></header>
<main>
${sections.map(({ id, title: heading, content }) => html`<section><h2 id="${id}">${heading}</h2>\n${content}</section>\n`)}</main></body></html>
`;
  return page.markup;
}
