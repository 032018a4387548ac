/** Manual pages (man(7)): text in which no value can become a request. */

/** A line that starts with a dot would be a request, and a backslash starts an escape; an apostrophe would be both. */
function text(plain: string): string {
  return (
    plain
      .replaceAll('\\', '\\e')
      .replaceAll('-', '\\-')
      .replaceAll("'", '\\(aq')
      // JSON has no spaces where a line could end.
      .replace(/([,:/])(?=\S)/g, '$1\\:')
      .split('\n')
      .map((line) => (line.startsWith('.') ? `\\&${line}` : line))
      .join('\n')
  );
}

const quoted = (plain: string) => `"${text(plain).replaceAll('"', '\\(dq')}"`;

export const roff = {
  title: (name: string, section: number, source: string) =>
    `.TH ${quoted(name.toUpperCase())} ${section} "" ${quoted(source)}\n.ad l`,
  section: (name: string) => `.SH ${quoted(name)}`,
  subsection: (name: string) => `.SS ${quoted(name)}`,
  paragraph: (plain: string) => `.PP\n${text(plain)}`,
  item: (term: string, plain: string) => `.TP\n.B ${text(term)}\n${text(plain)}`,
  example: (plain: string) => `.PP\n.nf\n.RS\n${text(plain)}\n.RE\n.fi`,
};
