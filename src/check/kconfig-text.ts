/**
 * What the text of the Kconfig files says about one symbol. It explains why conf decided as it did; it decides
 * nothing itself, and knows nothing of the menus and ifs around a definition.
 */
import type { CheckContext } from './types.js';

/** One `config` entry. */
export interface Definition {
  /** Relative to the kernel tree. */
  readonly file: string;
  readonly line: number;
  readonly type: string | undefined;
  readonly hasPrompt: boolean;
  /** The `depends on` expressions, to be read as joined by &&. */
  readonly depends: readonly string[];
}

const HEAD = '^[[:space:]]*(menu)?config[[:space:]]+';

/** Every definition of a symbol that the architecture reads. */
export async function definitions(symbol: string, context: CheckContext): Promise<Definition[]> {
  if (!/^\w+$/.test(symbol)) return [];
  const lines = await grep(['-rnE', `${HEAD}${symbol}[[:space:]]*$`], context);
  const found: Definition[] = [];
  for (const match of lines) {
    const [, file, number] = /^(.*?):(\d+):/.exec(match) ?? [];
    if (file === undefined || number === undefined) continue;
    const text = await context.tools.readText(`${context.inputs.kernelTree}/${file}`);
    if (text !== undefined) found.push(readDefinition(file, Number(number), text.split('\n')));
  }
  return found;
}

/** Names of all symbols, for "did you mean". */
export async function symbolNames(context: CheckContext): Promise<string[]> {
  const lines = await grep(['-rhoE', `${HEAD}[A-Za-z0-9_]+`], context);
  return [...new Set(lines.map((line) => line.trim().split(/\s+/)[1] ?? ''))];
}

/** Lines of grep over the Kconfig files, those of other architectures left out. */
async function grep(args: readonly string[], { tools, inputs }: CheckContext): Promise<string[]> {
  const source = sourceArchitecture(inputs.arch ?? '');
  const architectures = (
    await tools.run(
      'find',
      ['arch', '-mindepth', '1', '-maxdepth', '1', '-type', 'd', '-printf', '%f\\n'],
      at(inputs.kernelTree),
    )
  ).stdout.split('\n');
  const others = architectures.filter((name) => name !== '' && name !== source);
  const exclude = ['tools', 'Documentation', 'scripts', ...others].map((name) => `--exclude-dir=${name}`);
  const { stdout } = await tools.run('grep', [...args, '--include=Kconfig*', ...exclude, '.'], at(inputs.kernelTree));
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\.\//, ''));
}

const at = (directory: string | undefined) => (directory === undefined ? {} : { directory });

/** The kernel's SRCARCH for an ARCH: they differ where several ARCHes share a directory. */
export function sourceArchitecture(arch: string): string {
  return { x86_64: 'x86', i386: 'x86', sparc64: 'sparc', parisc64: 'parisc' }[arch] ?? arch;
}

/** @param start line of the `config` keyword, counted from 1 */
function readDefinition(file: string, start: number, lines: readonly string[]): Definition {
  let type: string | undefined;
  let hasPrompt = false;
  const depends: string[] = [];
  for (let i = start; i < lines.length; i++) {
    let line = lines[i] as string;
    // The entry ends at the next keyword in the first column; a help text ends it for our purposes.
    if (/^\S/.test(line) && !line.startsWith('#')) break;
    if (/^\s*(?:help|---help---)\s*$/.test(line)) break;
    while (line.endsWith('\\') && i + 1 < lines.length) line = `${line.slice(0, -1)}${lines[++i]?.trim()}`;
    const statement = line.replace(/\s#.*$/, '').trim();
    const typed = /^(?:def_)?(bool|tristate|int|hex|string)\b\s*(.*)$/.exec(statement);
    if (typed) {
      type = typed[1];
      if (/^["']/.test(typed[2] ?? '')) hasPrompt = true;
    } else if (/^prompt\b/.test(statement)) hasPrompt = true;
    else if (statement.startsWith('depends on ')) depends.push(statement.slice('depends on '.length).trim());
  }
  return { file, line: start, type, hasPrompt, depends: depends.map((d) => (d.includes('||') ? `(${d})` : d)) };
}
