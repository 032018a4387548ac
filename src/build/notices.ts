/**
 * Notices and the software bill of materials, made from what esbuild really put into dist/: its metafile is the truth.
 * The licences of most bundled packages ask that their text goes with every copy.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Metafile } from 'esbuild';

/** A component of the bill, as far as the notices need it. CycloneDX 1.6. */
interface Component {
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly licenses?: readonly {
    readonly license?: { readonly id?: string; readonly name?: string };
    readonly expression?: string;
  }[];
  readonly evidence?: {
    readonly licenses?: readonly {
      readonly license?: {
        readonly name?: string;
        readonly text?: { readonly content: string; readonly encoding?: string };
      };
    }[];
  };
}

export interface Bill {
  readonly components?: readonly Component[];
}

/** Names of the packages that have a file in a bundle, `NAME` or `@SCOPE/NAME`. */
export function bundledPackages(metafile: Pick<Metafile, 'inputs'>): string[] {
  const names = Object.keys(metafile.inputs).flatMap(
    (file) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [],
  );
  return [...new Set(names)].sort();
}

/** One metafile of several builds: an input that any of them has. Node's own modules and generated text are not packages. */
export function joinMetafiles(metafiles: readonly Metafile[]): Metafile {
  const isOwn = (file: string) => !/^(builtin:|<)/.test(file);
  const own = <T>(table: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(table).filter(([file]) => isOwn(file)));
  const ownImports = <T extends { path: string }>(imports: readonly T[]) => imports.filter((one) => isOwn(one.path));
  const inputs: Metafile['inputs'] = {};
  const outputs: Metafile['outputs'] = {};
  for (const one of metafiles) {
    for (const [file, input] of Object.entries(own(one.inputs)))
      inputs[file] = { ...input, imports: ownImports(input.imports) };
    for (const [file, output] of Object.entries(one.outputs))
      outputs[file] = { ...output, inputs: own(output.inputs), imports: ownImports(output.imports) };
  }
  return { inputs, outputs };
}

/** The CycloneDX bill of what the metafile lists: reproducible, with the licence texts as evidence. */
export function billOf(root: string, metafile: Metafile): string {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-bill-'));
  try {
    const file = path.join(work, 'metafile.json');
    const output = path.join(work, 'bill.json');
    writeFileSync(file, JSON.stringify(metafile));
    const program = path.join(root, 'node_modules/.bin/cyclonedx-esbuild');
    execFileSync(
      process.execPath,
      [program, '--gather-license-texts', '--output-reproducible', '--no-validate', '--bwd', root, '-o', output, file],
      { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    return readFileSync(output, 'utf8');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const nameOf = ({ group, name }: Component) => (group === undefined ? name : `${group}/${name}`);

const titleOf = (one: Component) => `${nameOf(one)}${one.version === undefined ? '' : ` ${one.version}`}`;

const licenceOf = ({ licenses = [] }: Component) =>
  licenses.map((one) => one.expression ?? one.license?.id ?? one.license?.name ?? '').join(', ');

function textsOf({ evidence }: Component): string[] {
  return (evidence?.licenses ?? []).flatMap(({ license }) => {
    const text = license?.text;
    if (text === undefined) return [];
    return [text.encoding === 'base64' ? Buffer.from(text.content, 'base64').toString('utf8') : text.content];
  });
}

/**
 * The notices as text: each package with its licence and the licence's text.
 * @param bundled names of the packages that are in a bundle
 * @throws Error naming the packages that the bill does not list, or that carry no licence text
 */
export function noticesOf(bill: Bill, bundled: readonly string[]): string {
  const components = bill.components ?? [];
  const listed = new Set(components.map(nameOf));
  const unlisted = bundled.filter((name) => !listed.has(name));
  if (unlisted.length > 0) throw new Error(`the bill of materials does not list ${unlisted.join(', ')}`);
  const silent = components.filter((one) => textsOf(one).length === 0).map(titleOf);
  if (silent.length > 0) throw new Error(`no licence text was found for ${silent.join(', ')}`);
  const parts = components.map(
    (one) =>
      `${titleOf(one)}\nLicence: ${licenceOf(one)}\n\n${textsOf(one)
        .map((text) => text.trim())
        .join('\n\n')}\n`,
  );
  return [
    'dmaheap contains the packages below. Each stands under the licence whose text follows its name.\n',
    ...parts,
  ].join(`\n${'-'.repeat(78)}\n\n`);
}
