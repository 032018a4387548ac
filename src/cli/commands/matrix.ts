/** dmaheap matrix MATRIX.json: boards by kernels by targets in one process, or one shard of it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { CHECKS, runChecks } from '../../check/index.js';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { formatKernelVersion } from '../../facts/index.js';
import { closeFromKnowledge } from '../../plan/close.js';
import type { Plan } from '../../plan/index.js';
import type { LoadedProfile } from '../../profile/load.js';
import { type Artifact, render } from '../../render/index.js';
import { SourceText } from '../../source/index.js';
import { countChecks, exitOf, printVerdict, row } from '../check-results.js';
import type { Context } from '../context.js';
import { declare, flag, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { PATH_FIX, readText, reasonOf } from '../files.js';
import { inputsOf, openProfile, recordInputs, withInputs } from '../inputs.js';
import { type Matrix, type MatrixBoard, parseShard, readMatrix, shardOf } from '../matrix.js';
import { FORCE, STRICT } from '../options.js';
import { oneAtATime, writeTree } from '../output/write.js';
import { type PlanChecks, planChecks } from '../plan-verdict.js';
import { type Planning, planProfile, shownPath } from '../profile.js';
import { Refusal } from '../refusal.js';
import { type CellResult, junitOf, ktapOf } from '../results.js';
import { openTools } from '../tools.js';
import { compareTree, MANIFEST, makeManifest, manifestFile, type RecordedInputs } from '../tree.js';
import { VERSION } from '../version.js';
import { manifestOf } from './generate.js';
import { locate } from './validate.js';

export const command = declare({
  name: 'matrix',
  about: 'generate and check every combination of boards, kernels and targets in one process',
  arguments: [['<matrix>', 'a matrix: { "boards": [...], "kernels": [...], "targets": [...] }']],
  options: {
    shard: text('--shard <i/n>', 'I/N: only every N-th cell from the I-th on, for parallel CI jobs'),
    output: text('-o, --output <dir>', 'write each cell to DIR/BOARD/KERNEL/TARGET'),
    junit: text('--junit <file>', 'write the results as JUnit XML'),
    ktap: text('--ktap <file>', 'write the results as KTAP'),
    list: flag('--list', 'print the cells and write nothing'),
    force: FORCE,
    strict: STRICT,
  },
  examples: ['matrix fleet.json --shard 2/8 -o out --junit results.xml'],
  run: matrix,
});

interface MatrixOptions {
  readonly shard?: string;
  readonly output?: string;
  readonly junit?: string;
  readonly ktap?: string;
  readonly list: boolean;
  readonly force: boolean;
  readonly strict: boolean;
}

interface Row {
  readonly board: MatrixBoard;
  readonly kernel: string | undefined;
}

interface Cell extends Row {
  readonly target: string;
}

/** A board on a kernel, decided once for all its targets. */
interface Decided {
  readonly name: string;
  readonly kernel: string;
  readonly plan: Plan | undefined;
  readonly loaded: LoadedProfile | undefined;
  readonly dtb: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly skip: string | undefined;
  /** What stays open for every cell of the board on this kernel. */
  readonly open: PlanChecks;
  readonly locate: (diagnostic: Diagnostic) => Diagnostic;
}

/** Without what is decided, which the cells say. */
function openOf(planning: Planning, dtb: string | undefined): PlanChecks {
  const { checks, notGiven } = planChecks({
    plan: planning.planned?.plan,
    proof: planning.proof,
    found: planning.diagnostics,
    dtb,
  });
  return { checks: checks.filter(({ status }) => status === 'unknown' || status === 'not-run'), notGiven };
}

/** The lints that need neither tool nor input: what a thousand cells can afford. */
const LINTS = CHECKS.filter(({ needs }) => needs.tools.length === 0 && needs.inputs.length === 0);

class Run {
  readonly sources = new Map<string, SourceText>();
  readonly #context: Context;
  readonly #decided = new Map<string, Decided>();
  readonly #names = new Map<string, string>();

  constructor(context: Context) {
    this.#context = context;
  }

  decide({ board, kernel }: Row): Decided {
    const key = JSON.stringify([board, kernel]);
    const known = this.#decided.get(key);
    if (known !== undefined) return known;
    const decided = this.#decide(board, kernel);
    this.#decided.set(key, decided);
    return decided;
  }

  #decide(given: MatrixBoard, kernel: string | undefined): Decided {
    const board = withInputs(this.#context, given.profile, given, { dtb: 'dtb' });
    const planning = planProfile(this.#context, board.profile, {
      ...(kernel === undefined ? {} : { kernel }),
      ...(board.dtb === undefined ? {} : { dtb: board.dtb }),
    });
    for (const [name, source] of planning.sources) this.sources.set(name, source);
    const outside = planning.diagnostics.find(({ code }) => code === 'model/kernel-outside-range');
    const spanOf = planning.planned?.loaded.spanOf ?? (() => undefined);
    const wished = planning.planned?.plan;
    const closed = wished === undefined ? undefined : closeFromKnowledge(wished);
    const plan = closed?.plan;
    const range = plan?.kernel;
    return {
      name: this.#nameOf(board),
      kernel:
        kernel ?? (range === undefined ? 'all' : `${formatKernelVersion(range.min)}-${formatKernelVersion(range.max)}`),
      plan,
      loaded: planning.planned?.loaded,
      dtb: board.dtb,
      diagnostics: [...planning.diagnostics, ...(closed?.diagnostics ?? [])],
      skip: outside?.message,
      open: openOf(planning, board.dtb),
      locate: (diagnostic) => locate(diagnostic, spanOf),
    };
  }

  /** One name on every kernel, decided or not; a profile that cannot be read goes by its file. */
  #nameOf({ profile }: MatrixBoard): string {
    const known = this.#names.get(profile);
    if (known !== undefined) return known;
    const name = openProfile(this.#context, profile).value?.profile.name ?? path.parse(profile).name;
    this.#names.set(profile, name);
    return name;
  }

  targetsOf(row: Row, matrix: Matrix): readonly string[] {
    return matrix.targets ?? this.decide(row).plan?.targets.map(({ name }) => name) ?? ['none'];
  }

  async judge(cell: Cell, output: string | undefined, force: boolean): Promise<CellResult> {
    const decided = this.decide(cell);
    const about = { board: decided.name, kernel: decided.kernel, target: cell.target };
    if (decided.skip !== undefined) return { ...about, status: 'skip', reason: decided.skip, diagnostics: [] };
    const diagnostics = [...decided.diagnostics];
    if (decided.plan !== undefined) {
      const rendered = render(decided.plan, { version: VERSION, targets: [cell.target] });
      diagnostics.push(...rendered.diagnostics);
      if (rendered.value !== undefined) {
        diagnostics.push(...(await this.#lint(rendered.value)));
        const directory = output === undefined ? undefined : path.join(output, about.board, about.kernel, cell.target);
        if (directory !== undefined && !hasErrors(diagnostics))
          diagnostics.push(
            ...(await this.#write(directory, decided.plan, rendered.value, this.#inputs(directory, decided), force)),
          );
      }
    } else if (!hasErrors(diagnostics)) throw new Error(`${cell.board.profile}: no plan and no finding`);
    const located = diagnostics.map(decided.locate);
    return { ...about, status: hasErrors(located) ? 'fail' : 'pass', diagnostics: located };
  }

  async #lint(artifacts: readonly Artifact[]): Promise<Diagnostic[]> {
    const files = artifacts.map((artifact) => new SourceText(artifact.path, artifact.text));
    const { tools, close } = openTools(this.#context.environment);
    try {
      const results = await runChecks({ tree: { directory: '', files }, inputs: {}, tools }, LINTS);
      return results.flatMap(({ diagnostics }) => diagnostics);
    } finally {
      await close();
    }
  }

  #inputs(directory: string, { loaded, dtb }: Decided): RecordedInputs {
    // No cell is proven on a kernel tree.
    const { kernelTree: _, ...stated } = loaded === undefined ? {} : inputsOf(this.#context, loaded);
    return recordInputs(this.#context, directory, { ...stated, ...(dtb === undefined ? {} : { dtb }) }, undefined);
  }

  async #write(
    name: string,
    plan: Plan,
    artifacts: readonly Artifact[],
    recorded: RecordedInputs,
    force: boolean,
  ): Promise<readonly Diagnostic[]> {
    const directory = this.#context.resolve(name);
    const files = [...artifacts, manifestFile(makeManifest(manifestOf(plan, recorded), artifacts))];
    const note = (text: string) => this.#context.note(text);
    const turn = await oneAtATime(directory, true, note, () => {
      const { changes, diagnostics } = compareTree(directory, files, force);
      if (hasErrors(diagnostics)) return diagnostics;
      const problem = writeTree(directory, files, changes, MANIFEST);
      return problem === undefined ? diagnostics : [...diagnostics, problem];
    });
    return 'problem' in turn ? [turn.problem] : turn.value;
  }
}

async function matrix(context: Context, file: string, options: MatrixOptions): Promise<Exit> {
  const shard = options.shard === undefined ? undefined : parseShard(options.shard);
  if (options.shard !== undefined && shard === undefined)
    throw new Refusal(`--shard ${options.shard}: not a shard`, EXIT.usage, 'write it as 2/8, counted from 1');
  const got = readText(context.resolve(file));
  if ('error' in got) throw new Refusal(`cannot read ${file}: ${got.error}`, EXIT.usage, got.fix ?? PATH_FIX);
  const source = new SourceText(shownPath(context, file), got.text);
  const read = readMatrix(source);
  if (read.value === undefined) throw Refusal.because(EXIT.usage, read.diagnostics, new Map([[source.file, source]]));
  const { boards, kernels } = read.value;
  const run = new Run(context);
  const rows = boards.flatMap((board) => kernels.map((kernel): Row => ({ board, kernel })));
  const every = read.value;
  const cells = shardOf(
    rows.flatMap((row) => run.targetsOf(row, every).map((target): Cell => ({ ...row, target }))),
    shard,
  );
  if (options.list) {
    for (const cell of cells) {
      const { name, kernel } = run.decide(cell);
      context.print(`${name} ${kernel} ${cell.target}\n`);
    }
    return EXIT.good;
  }
  const shared = sharedName(run, cells);
  if (shared !== undefined)
    throw new Refusal(
      `two profiles have the name "${shared}"`,
      EXIT.usage,
      'give each profile another "name": results and folders use it',
    );
  const results: CellResult[] = [];
  for (const cell of cells) results.push(await run.judge(cell, options.output, options.force));
  return finish(context, run, cells, results, options);
}

/** A name that two boards of the cells have. */
function sharedName(run: Run, cells: readonly Cell[]): string | undefined {
  const profiles = new Map<string, string>();
  for (const cell of cells) {
    const { name } = run.decide(cell);
    if ((profiles.get(name) ?? cell.board.profile) !== cell.board.profile) return name;
    profiles.set(name, cell.board.profile);
  }
  return undefined;
}

/** @returns whether both could be written; complains */
function write(context: Context, results: readonly CellResult[], options: MatrixOptions): boolean {
  let isWritten = true;
  for (const [name, text] of [
    [options.junit, junitOf],
    [options.ktap, ktapOf],
  ] as const) {
    if (name === undefined) continue;
    try {
      writeFileSync(context.resolve(name), text(results));
    } catch (error) {
      context.complain(
        `cannot write ${name}: ${reasonOf(error)}`,
        'give a file in an existing directory that you may write to',
      );
      isWritten = false;
    }
  }
  return isWritten;
}

function finish(
  context: Context,
  run: Run,
  cells: readonly Cell[],
  results: readonly CellResult[],
  options: MatrixOptions,
): Exit {
  const decided = new Set(cells.map((cell) => run.decide(cell)).filter(({ skip }) => skip === undefined));
  const open = [...decided].map((one) => one.open);
  const checks = [
    ...results.map(({ board, kernel, target, status }) =>
      row(`${board} ${kernel} ${target}`, status === 'skip' ? 'not-run' : status),
    ),
    ...open.flatMap((one) => one.checks),
  ];
  const notGiven = open.flatMap((one) => one.notGiven);
  if (context.options.format === 'json')
    context.printJson({
      schemaVersion: 1,
      results,
      verdict: countChecks(checks, { notGiven, strict: options.strict }),
    });
  else {
    // A finding about the board is the same for each of its targets.
    const once = new Map(
      results
        .flatMap(({ diagnostics }) => diagnostics)
        .map((one) => [JSON.stringify([one.code, one.message, one.span]), one]),
    );
    context.findings([...once.values()], run.sources);
    if (context.options.format === 'human') {
      for (const { board, kernel, target, status, reason } of context.options.quiet ? [] : results)
        context.print(`${MARKS[status]} ${board} ${kernel} ${target}${reason === undefined ? '' : `: ${reason}`}\n`);
      printVerdict(context, checks, { notGiven, strict: options.strict });
    }
  }
  if (!write(context, results, options)) return EXIT.environment;
  return exitOf(checks, { strict: options.strict, requireTools: false, unknown: EXIT.good });
}

const MARKS = { pass: 'pass', fail: 'FAIL', skip: 'skip' } as const;
