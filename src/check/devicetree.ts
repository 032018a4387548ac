/** Device tree sources: compiled by dtc without a warning, and applied onto the board's DTB by fdtoverlay. */
import { type CodeTable, type Diagnostic, defineCodes, reporter, type Span } from '../diagnostic/index.js';
import { formatBytes } from '../quantity/index.js';
import type { SourceText } from '../source/index.js';
import { type Check, type CheckedTree, hasSuffix, type Ran, report as reportCheck, type Tools } from './types.js';

export const DEVICETREE_CODES = defineCodes({
  'dt/compile': {
    severity: 'error',
    title: 'dtc refuses or warns',
    explain:
      'The source is not a valid device tree, or dtc prints a warning. A warning is an error here, because a generated tree must not cause any.',
  },
  'dt/overlay-refused': {
    severity: 'error',
    title: 'the overlay does not apply',
    explain:
      'fdtoverlay cannot merge the overlay into the DTB. A label reference needs __symbols__ in the base (dtc -@); a target-path needs the node to exist.',
  },
  'dt/merged-warning': {
    severity: 'error',
    title: 'the merged tree has a new warning',
    explain: 'dtc prints a warning for the DTB with the overlay that it does not print for the DTB alone.',
  },
  'dt/cells-differ': {
    severity: 'error',
    title: 'cells of /reserved-memory differ from the root',
    explain:
      'The kernel reads /reserved-memory with the cells of the root node. If they differ, it ignores every reservation in the tree, also those of the firmware.',
  },
  'dt/ranges-missing': {
    severity: 'error',
    title: '/reserved-memory has no ranges property',
    explain: 'Without an empty ranges property the kernel ignores every reservation in the tree.',
  },
  'dt/nothing-reserved': {
    severity: 'error',
    title: 'the overlay applies but reserves nothing',
    explain:
      'The merged tree has every node below /reserved-memory as the DTB had it, so the overlay changes nothing there.',
  },
  'dt/region-changed': {
    severity: 'note',
    title: 'the overlay changes a region that the DTB has',
    explain:
      'The DTB already reserves this region. The overlay changes its properties, for example to give the CMA area of the board another size.',
  },
  'dt/schema': {
    severity: 'error',
    title: 'dt-validate finds a new fault',
    explain: 'The merged tree violates a binding of dt-schema that the DTB alone does not violate.',
  },
} satisfies CodeTable);

const report = reporter(DEVICETREE_CODES);

const isOverlay = (source: SourceText) => /^\s*\/plugin\/\s*;/m.test(source.text);
const overlays = (tree: CheckedTree) => hasSuffix('.dtso', '.dts')(tree).filter(isOverlay);

const compile: Check = {
  id: 'dt-compile',
  title: 'Device tree: dtc compiles it without a warning',
  subjects: hasSuffix('.dtso', '.dts'),
  needs: { tools: ['dtc'], inputs: [] },
  async run(subjects, { tools }) {
    const work = await tools.scratch();
    const results = await Promise.all(subjects.map((source, i) => compileSource(source, `${work}/${i}`, tools)));
    return results.flat();
  },
};

/** @param stem path without extension for the copy and the blob, which are STEM.dts and STEM.dtb */
async function compileSource(source: SourceText, stem: string, tools: Tools): Promise<Diagnostic[]> {
  await tools.writeText(`${stem}.dts`, source.text);
  return dtc(['-@', '-I', 'dts', '-O', 'dtb', '-o', `${stem}.dtb`, `${stem}.dts`], source, `${stem}.dts`, tools);
}

async function dtc(args: readonly string[], source: SourceText, copy: string, tools: Tools): Promise<Diagnostic[]> {
  const ran = await tools.run('dtc', args);
  const all = said(ran).map((line) => dtcFinding(line, source, copy));
  // "Unable to parse input tree" and the like add nothing to a finding with a place.
  const placed = all.filter(({ isPlaced }) => isPlaced);
  const diagnostics = (placed.length > 0 ? placed : all).map(({ finding }) => finding);
  if (ran.exitCode !== 0 && diagnostics.length === 0)
    diagnostics.push(report('dt/compile', { message: `dtc exited with ${ran.exitCode}`, span: source.span(0) }));
  return diagnostics;
}

/** `FILE:1.2-3.4: Warning (check): text`, `Error: FILE:1.2-3 text`, `FATAL ERROR: text` */
function dtcFinding(line: string, source: SourceText, copy: string): { finding: Diagnostic; isPlaced: boolean } {
  const own = line.replaceAll(copy, source.file);
  const match =
    /^(?:Error: )?(?<file>[^:]+):(?<line>\d+)\.(?<column>\d+)-(?:(?<endLine>\d+)\.)?(?<endColumn>\d+):? (?<text>.*)$/.exec(
      own,
    );
  const groups = match?.groups;
  const inSource = groups !== undefined && groups.file === source.file;
  const finding = report('dt/compile', {
    message: `dtc: ${inSource ? groups.text : own}`,
    span: inSource ? spanOf(source.file, groups) : source.span(0),
  });
  return { finding, isPlaced: inSource };
}

function spanOf(file: string, groups: Readonly<Record<string, string | undefined>>): Span {
  const line = Number(groups.line);
  return {
    file,
    line,
    column: Number(groups.column),
    endLine: Number(groups.endLine ?? line),
    endColumn: Number(groups.endColumn),
  };
}

const snippet: Check = {
  id: 'dt-snippet',
  title: 'Device tree snippet: dtc compiles a tree that includes it without a new warning',
  subjects: hasSuffix('.dtsi'),
  needs: { tools: ['dtc'], inputs: [] },
  async run(subjects, { tools, inputs }) {
    const work = await tools.scratch();
    const diagnostics: Diagnostic[] = [];
    for (const [i, source] of subjects.entries()) {
      const board = inputs.dtb === undefined ? skeleton(source) : await decompile(inputs.dtb, tools);
      const copy = `${work}/${i}.dtsi`;
      await tools.writeText(copy, source.text.replace(/^\s*\/dts-v1\/\s*;/m, ''));
      await tools.writeText(`${work}/${i}.board.dts`, board);
      await tools.writeText(`${work}/${i}.dts`, `${board}\n/include/ "${i}.dtsi"\n`);
      const before = await tools.run('dtc', [
        '-I',
        'dts',
        '-O',
        'dtb',
        '-o',
        `${work}/${i}.board.dtb`,
        `${work}/${i}.board.dts`,
      ]);
      const found = await dtc(
        ['-I', 'dts', '-O', 'dtb', '-o', `${work}/${i}.dtb`, `${work}/${i}.dts`],
        source,
        copy,
        tools,
      );
      // Including a line moves no line of the board, but how dtc places a warning differs between one file and two.
      const bare = (line: string) =>
        withoutPlace(line.replaceAll(work, '').replace(/^\/\d+\.(?:board\.)?dt[sb]:\s*/, ''));
      const known = new Set(said(before).map(bare));
      diagnostics.push(...found.filter((d) => !known.has(bare(d.message.replace(/^dtc: /, '')))));
    }
    return diagnostics;
  },
};

/** The least board a snippet can be included in: a root with the cells that the snippet itself uses. */
function skeleton({ text }: SourceText): string {
  const cells = (name: string) => new RegExp(`#${name}-cells\\s*=\\s*<\\s*(\\w+)\\s*>`).exec(text)?.[1] ?? '2';
  return `/dts-v1/;
/ {
	#address-cells = <${cells('address')}>;
	#size-cells = <${cells('size')}>;
	model = "a board";
	compatible = "a,board";
};
`;
}

async function decompile(dtb: string, tools: Tools): Promise<string> {
  return (await tools.run('dtc', ['-q', '-I', 'dtb', '-O', 'dts', dtb])).stdout;
}

const said = ({ stderr }: Ran) => stderr.split('\n').filter((line) => line.trim() !== '');
/** Without the name of the file read or written, which dtc puts before a message that has no place. */
const strip = (line: string, file: string) =>
  line.replaceAll(`${file}:`, '').replaceAll('/dev/null:', '').replaceAll(file, '').trim();
/** What a warning says of which node, wherever dtc puts it. */
const withoutPlace = (line: string) => line.replace(/^(?:\d+\.\d+(?:-(?:\d+\.)?\d+)?|\d+\.\d+-\d+):?\s*/, '').trim();
const messages = (ran: Ran, file: string) => said(ran).map((line) => strip(line, file));

/** Overlay compiled and applied; undefined when it does not compile, which is another check's finding. */
interface Applied {
  readonly merged: string | undefined;
  readonly ran: Ran;
}

async function apply(source: SourceText, dtb: string, stem: string, tools: Tools): Promise<Applied | undefined> {
  await compileSource(source, stem, tools);
  if (!(await tools.exists(`${stem}.dtb`))) return undefined;
  const merged = `${stem}.merged.dtb`;
  const ran = await tools.run('fdtoverlay', ['-i', dtb, '-o', merged, `${stem}.dtb`]);
  return { merged: ran.exitCode === 0 && (await tools.exists(merged)) ? merged : undefined, ran };
}

const overlay: Check = {
  id: 'dt-overlay',
  title: "Overlay: fdtoverlay applies it to the board's DTB, and the kernel can read the reservations",
  subjects: overlays,
  needs: { tools: ['dtc', 'fdtoverlay', 'fdtget'], inputs: ['dtb'] },
  async run(subjects, { tools, inputs }) {
    const dtb = inputs.dtb as string;
    const work = await tools.scratch();
    const base = await readBack(dtb, tools);
    const diagnostics: Diagnostic[] = [];
    for (const [i, source] of subjects.entries()) {
      const span = source.span(0);
      const applied = await apply(source, dtb, `${work}/${i}`, tools);
      if (applied?.merged === undefined) {
        const words = applied?.ran.stderr.trim().replaceAll(`${work}/${i}.dtb`, source.file);
        diagnostics.push(
          report('dt/overlay-refused', {
            message: `the overlay does not apply to ${dtb}`,
            cause: words === undefined ? 'dtc did not compile it' : `fdtoverlay prints: ${words}`,
            span,
          }),
        );
        continue;
      }
      const merged = await readBack(applied.merged, tools);
      diagnostics.push(...compare(base, merged, span));
    }
    return diagnostics;
  },
};

/** A blob as dtc and fdtget read it. */
interface Blob {
  readonly warnings: readonly string[];
  readonly rootCells: string;
  readonly reservedCells: string | undefined;
  readonly hasRanges: boolean;
  /** By name: the properties of {@link DECIDING}, as fdtget prints them in cells. */
  readonly regions: ReadonlyMap<string, readonly string[]>;
}

async function readBack(dtb: string, tools: Tools): Promise<Blob> {
  const warnings = messages(await tools.run('dtc', ['-I', 'dtb', '-O', 'dts', '-o', '/dev/null', dtb]), dtb);
  const cells = async (node: string) => {
    const values = await Promise.all(
      ['#address-cells', '#size-cells'].map((name) => tools.run('fdtget', ['-t', 'u', dtb, node, name])),
    );
    return values.map(({ stdout }) => stdout.trim()).join('/');
  };
  const list = await tools.run('fdtget', ['-l', dtb, '/reserved-memory']);
  const exists = list.exitCode === 0;
  const properties = exists ? (await tools.run('fdtget', ['-p', dtb, '/reserved-memory'])).stdout : '';
  return {
    warnings,
    rootCells: await cells('/'),
    reservedCells: exists ? await cells('/reserved-memory') : undefined,
    hasRanges: properties.split('\n').includes('ranges'),
    regions: await regionsIn(
      dtb,
      list.stdout.split('\n').filter((name) => name !== ''),
      tools,
    ),
  };
}

async function regionsIn(dtb: string, names: readonly string[], tools: Tools): Promise<Blob['regions']> {
  if (names.length === 0) return new Map();
  const asked = names.flatMap((name) => DECIDING.flatMap((property) => [`/reserved-memory/${name}`, property]));
  const { stdout } = await tools.run('fdtget', ['-t', 'x', '-d', ABSENT, dtb, ...asked]);
  const values = stdout.split('\n');
  return new Map(names.map((name, i) => [name, values.slice(i * DECIDING.length, (i + 1) * DECIDING.length)]));
}

function compare(base: Blob, merged: Blob, span: Span): Diagnostic[] {
  const diagnostics = merged.warnings
    .filter((warning) => !base.warnings.includes(warning))
    .map((warning) => report('dt/merged-warning', { message: `dtc on the merged tree: ${warning}`, span }));
  if (merged.reservedCells !== undefined && merged.reservedCells !== merged.rootCells)
    diagnostics.push(
      report('dt/cells-differ', {
        message: `the address and size cells of /reserved-memory are ${merged.reservedCells}, but those of the root are ${merged.rootCells}`,
        cause: 'the kernel ignores every reservation in such a tree',
        fix: `generate again with --dtb, or state board.cells as ${merged.rootCells}`,
        facts: ['reserved-memory.cells'],
        span,
      }),
    );
  if (merged.reservedCells !== undefined && !merged.hasRanges)
    diagnostics.push(
      report('dt/ranges-missing', {
        message: '/reserved-memory has no ranges property',
        cause: 'the kernel ignores every reservation in such a tree',
        fix: 'add "ranges;" to the node',
        facts: ['reserved-memory.cells'],
        span,
      }),
    );
  const changes = [...merged.regions].flatMap(([name, properties]) => {
    const before = base.regions.get(name);
    return before === undefined ? [] : describeChange(name, before, properties, merged.rootCells);
  });
  diagnostics.push(...changes.map((message) => report('dt/region-changed', { message, span })));
  if (changes.length === 0 && [...merged.regions.keys()].every((name) => base.regions.has(name)))
    diagnostics.push(
      report('dt/nothing-reserved', {
        severity: base.regions.size > 0 ? 'note' : 'error',
        message:
          base.regions.size > 0
            ? `the overlay changes nothing below /reserved-memory: the DTB already has ${[...base.regions.keys()].join(', ')} with the same properties`
            : 'the merged tree has no new region below /reserved-memory',
        span,
      }),
    );
  return diagnostics;
}

/** Properties that decide what the kernel makes of a region. */
const DECIDING = ['size', 'reg', 'alignment', 'alloc-ranges', 'status', 'reusable', 'no-map', 'linux,cma-default'];
const ABSENT = 'absent';

/** One sentence for all that differs, or none. */
function describeChange(
  name: string,
  before: readonly string[],
  after: readonly string[],
  rootCells: string,
): string[] {
  const sizeCells = Number(rootCells.split('/')[1]);
  const spell = (property: string, value = ABSENT) => {
    if (value === ABSENT) return value;
    const numbers = value.split(' ').map((digits) => `0x${digits}`);
    if (value === '') return 'present';
    if (property === 'status') return `"${String.fromCharCode(...numbers.map(Number)).replace('\0', '')}"`;
    if (property !== 'size' || numbers.length !== sizeCells) return `<${numbers.join(' ')}>`;
    return formatBytes(numbers.reduce((sum, cell) => (sum << 32n) | BigInt(cell), 0n));
  };
  const changes = DECIDING.flatMap((property, i) =>
    before[i] === after[i] ? [] : [`${property} from ${spell(property, before[i])} to ${spell(property, after[i])}`],
  );
  return changes.length === 0 ? [] : [`the overlay changes ${name}, which the DTB has: ${changes.join('; ')}`];
}

const schema: Check = {
  id: 'dt-validate',
  title: 'Overlay: the merged tree violates no binding of dt-schema that the DTB alone satisfies',
  subjects: overlays,
  needs: { tools: ['dtc', 'fdtoverlay', 'dt-validate'], inputs: ['dtb'] },
  async run(subjects, { tools, inputs }) {
    const dtb = inputs.dtb as string;
    const work = await tools.scratch();
    await tools.writeText(`${work}/fault.dts`, FAULT);
    await tools.run('dtc', ['-q', '-O', 'dtb', '-o', `${work}/fault.dtb`, `${work}/fault.dts`]);
    if (!(await validate(`${work}/fault.dtb`, tools)).some((finding) => finding.includes('no-map')))
      return {
        status: 'not-run',
        missingTools: ['dt-validate with the binding of shared-dma-pool'],
        diagnostics: [
          reportCheck('check/tool-too-old', {
            message: `${schema.id} was not run: the installed dt-validate accepts no-map and reusable together`,
            cause: 'dt-schema has the bindings of reserved memory only from 2023.09 on',
            fix: 'install a newer dt-schema (from trixie-backports, or pip install dtschema)',
          }),
        ],
      };
    const known = new Set(await validate(dtb, tools));
    const diagnostics: Diagnostic[] = [];
    for (const [i, source] of subjects.entries()) {
      const merged = (await apply(source, dtb, `${work}/${i}`, tools))?.merged;
      if (merged === undefined) continue;
      for (const words of (await validate(merged, tools)).filter((line) => !known.has(line)))
        diagnostics.push(report('dt/schema', { message: `dt-validate: ${words}`, span: source.span(0) }));
    }
    return diagnostics;
  },
};

/** A tree that every dt-validate with the binding of a CMA region objects to; one without it would pass anything. */
const FAULT = `/dts-v1/;
/ {
	#address-cells = <2>;
	#size-cells = <2>;
	reserved-memory {
		#address-cells = <2>;
		#size-cells = <2>;
		ranges;
		linux,cma { compatible = "shared-dma-pool"; reusable; no-map; size = <0 0x8000000>; };
	};
};
`;

/** Findings of dt-validate, each with its continuation lines, without the file's name. */
async function validate(dtb: string, tools: Tools): Promise<string[]> {
  const { stdout, stderr } = await tools.run('dt-validate', [dtb]);
  return `${stdout}\n${stderr}`
    .replaceAll(dtb, '')
    .split(/\n(?!\s)/)
    .map((finding) =>
      finding
        .replace(/^[:\s]+/, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((finding) => finding !== '');
}

export const DEVICETREE_CHECKS: readonly Check[] = [compile, snippet, overlay, schema];
