/** The page of one target: what it is for, its files and options, and what its own README says for a board. */
import type { CompiledTarget } from './library.js';

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (value: unknown) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

/** A README one level deeper, without the lines that say who generated it. */
function demoted(readme: string): string {
  let inCode = false;
  return (
    readme
      .replace(/^<!--[\s\S]*?-->\n/gm, '')
      // Its title is the page's.
      .replace(/^\s*# .*\n/, '')
      .split('\n')
      .map((line) => {
        if (line.startsWith('```')) inCode = !inCode;
        return !inCode && /^#{1,5} /.test(line) ? `#${line}` : line;
      })
      .join('\n')
      .trim()
  );
}

/** @param example the README that the target makes for a board, and the board's title */
export function targetPage(
  { name, title, description, options = {}, files }: CompiledTarget,
  example?: { readonly title: string; readonly readme: string },
): string {
  const rows = Object.entries(options).map(([option, { description: about, default: value, values }]) => {
    const choices = values === undefined ? '' : ` One of ${values.map(code).join(', ')}.`;
    return `| ${code(option)} | ${value === '' ? '' : code(value)} | ${cell(`${about}${choices}`)} |`;
  });
  // The verifier's sources are one thing to a reader.
  const shown = files.filter((file) => 'template' in file);
  const parts = [
    `# ${title}`,
    description,
    `    dmaheap generate my-board.jsonc -o out --target ${name}`,
    '## Files',
    shown.map(({ path }) => `- ${code(`${name}/${path}`)}`).join('\n'),
    ...(shown.length < files.length
      ? [`The sources of \`dmaheap-verify\` are in the same folder: ${files.length - shown.length} files.`]
      : []),
    ...(rows.length === 0
      ? []
      : [
          '## Options',
          `In the profile: \`"targets": { "${name}": { "${Object.keys(options)[0]}": ... } }\`. Without \`targets\`, \`generate\` writes what most boards need.`,
          ['| option | default | meaning |', '| --- | --- | --- |', ...rows].join('\n'),
        ]),
    ...(example === undefined ? [] : [`## For the ${example.title}`, demoted(example.readme)]),
  ];
  return `${parts.join('\n\n')}\n`;
}
