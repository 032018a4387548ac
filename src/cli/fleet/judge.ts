/** The cells of a matrix: each board on each kernel is planned once, and its targets are rendered and judged from that. */
import path from 'node:path';
import { CHECKS, type CheckResult, runChecks } from '../../check/index.js';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { formatKernelVersion } from '../../facts/index.js';
import type { KernelKnowledge } from '../../knowledge/types.js';
import { closeFromKnowledge } from '../../plan/close.js';
import type { Plan } from '../../plan/index.js';
import { type Artifact, render } from '../../render/index.js';
import { SourceText } from '../../source/index.js';
import { readJson } from '../../source/json.js';
import type { Context } from '../context.js';
import { descriptionKnowledge } from '../descriptions.js';
import { readText } from '../files.js';
import { type Inputs, inputsOf, openProfile, recordInputs, usableInput } from '../inputs.js';
import { manifestOf } from '../manifest.js';
import { oneAtATime, writeTree } from '../output/write.js';
import { type PlanChecks, planChecks } from '../plan-verdict.js';
import { type Planning, planProfile } from '../profile.js';
import { located } from '../rendered.js';
import { openTools } from '../tools.js';
import { compareTree, MANIFEST, makeManifest, manifestFile, type RecordedInputs } from '../tree.js';
import { VERSION } from '../version.js';
import type { Matrix, MatrixBoard, MatrixKernel } from './read.js';
import type { CellResult } from './results.js';

/** A board on a kernel. */
export interface Row {
  readonly board: MatrixBoard;
  /** undefined: the whole range of the profile. */
  readonly kernel: MatrixKernel | undefined;
}

/** What came of some boards, as values that threads can pass on. */
export interface Judged {
  readonly cells: readonly CellResult[];
  /** Checks of the boards on the kernels that were not run or came to no answer. */
  readonly open: readonly CheckResult[];
  readonly notGiven: readonly string[];
  /** The texts that findings point into, by file. */
  readonly sources: ReadonlyMap<string, string>;
}

export interface Output {
  readonly directory: string | undefined;
  /** Overwrite files that were edited. */
  readonly force: boolean;
}

/** A board on a kernel, decided once for all its targets. */
interface Decided {
  readonly name: string;
  readonly kernel: string;
  /** The profile as it was named. */
  readonly file: string;
  readonly planning: Planning;
  readonly plan: Plan | undefined;
  /** Without the kernel tree of the profile: no cell is proven on one. */
  readonly inputs: Inputs;
  readonly diagnostics: readonly Diagnostic[];
  readonly skip: string | undefined;
  /** What stays open for every cell of the board on this kernel. */
  readonly open: PlanChecks;
  readonly locate: (diagnostic: Diagnostic) => Diagnostic;
}

export function rowsOf({ kernels }: Matrix, board: MatrixBoard): Row[] {
  return (board.kernels ?? kernels).map((kernel) => ({ board, kernel }));
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

const withoutTree = ({ kernelTree: _, ...rest }: Inputs): Inputs => rest;

/** The lints that need neither tool nor input: what a thousand cells can afford. */
const LINTS = CHECKS.filter(({ needs }) => needs.tools.length === 0 && needs.inputs.length === 0);

export class Fleet {
  readonly #sources = new Map<string, string>();
  readonly #context: Context;
  readonly #matrix: Matrix;
  readonly #decided = new Map<string, Decided>();
  readonly #names = new Map<string, string>();
  /** Of the board at hand: a profile is read once for all kernels. */
  #read: { readonly file: string; readonly profile: ReturnType<typeof openProfile> } | undefined;
  readonly #knowledge = new Map<string, KernelKnowledge>();

  constructor(context: Context, matrix: Matrix) {
    this.#context = context;
    this.#matrix = matrix;
  }

  decide({ board, kernel }: Row): Decided {
    const key = JSON.stringify([board.profile, kernel]);
    const known = this.#decided.get(key);
    if (known !== undefined) return known;
    const decided = this.#decide(board, kernel);
    this.#decided.set(key, decided);
    return decided;
  }

  #decide(given: MatrixBoard, kernel: MatrixKernel | undefined): Decided {
    const { profile, bootLog, occupied } = given;
    const read = this.#open(profile);
    const dtb = given.dtb ?? (read.value === undefined ? undefined : usableInput(this.#context, read.value, 'dtb'));
    const planning = planProfile(this.#context, profile, {
      read,
      ...(kernel === undefined ? {} : this.#kernelOf(kernel)),
      ...(dtb === undefined ? {} : { dtb }),
      ...(bootLog === undefined ? {} : { bootLog }),
      ...(occupied === undefined ? {} : { occupied }),
    });
    for (const [name, { text }] of planning.sources) this.#sources.set(name, text);
    const outside = planning.diagnostics.find(({ code }) => code === 'model/kernel-outside-range');
    const spanOf = planning.planned?.loaded.spanOf ?? (() => undefined);
    const planned = planning.planned;
    const closed = planned === undefined ? undefined : closeFromKnowledge(planned.plan, planned.model.knowledge);
    const plan = closed?.plan;
    const range = plan?.kernel;
    return {
      name: this.nameOf(given),
      kernel:
        kernel?.name ??
        (range === undefined ? 'all' : `${formatKernelVersion(range.min)}-${formatKernelVersion(range.max)}`),
      file: profile,
      planning,
      plan,
      inputs: {
        ...(planned === undefined ? {} : withoutTree(inputsOf(this.#context, planned.loaded))),
        ...(dtb === undefined ? {} : { dtb }),
        ...(bootLog === undefined ? {} : { bootLog }),
        ...(occupied === undefined ? {} : { occupied }),
        ...(kernel?.description === undefined ? {} : { description: kernel.description }),
      },
      diagnostics: [...planning.diagnostics, ...(closed?.diagnostics ?? [])],
      skip: outside?.message,
      open: openOf(planning, dtb),
      locate: (diagnostic) => located(diagnostic, spanOf),
    };
  }

  #kernelOf({ name, description }: MatrixKernel): { kernel: string } | { knowledge: KernelKnowledge } {
    if (description === undefined) return { kernel: name };
    const knowledge = this.#knowledge.get(description) ?? descriptionKnowledge(this.#context, description);
    this.#knowledge.set(description, knowledge);
    return { knowledge };
  }

  /** One name on every kernel, decided or not; a profile that cannot be read goes by its file. */
  nameOf({ profile }: MatrixBoard): string {
    const known = this.#names.get(profile);
    if (known !== undefined) return known;
    const name = this.#open(profile).value?.profile.name ?? path.parse(profile).name;
    this.#names.set(profile, name);
    return name;
  }

  /** The name of a board of any shard: a profile that states it is read and not validated. */
  statedNameOf(board: MatrixBoard): string {
    const got = readText(this.#context.resolve(board.profile));
    const value = 'text' in got ? readJson(new SourceText(board.profile, got.text)).value : undefined;
    const name = value?.kind === 'object' ? value.members.get('name')?.value : undefined;
    return name?.kind === 'scalar' && typeof name.value === 'string' ? name.value : this.nameOf(board);
  }

  #open(file: string): ReturnType<typeof openProfile> {
    if (this.#read?.file !== file) this.#read = { file, profile: openProfile(this.#context, file) };
    return this.#read.profile;
  }

  targetsOf(row: Row): readonly string[] {
    return this.#matrix.targets ?? this.decide(row).plan?.targets.map(({ name }) => name) ?? ['none'];
  }

  /** Every cell of some boards, one after the other; a board is forgotten when its last cell is done. */
  async judge(boards: readonly MatrixBoard[], output: Output): Promise<Judged> {
    const cells: CellResult[] = [];
    const open: CheckResult[] = [];
    const notGiven = new Set<string>();
    for (const board of boards) {
      for (const row of rowsOf(this.#matrix, board)) {
        const decided = this.decide(row);
        for (const target of this.targetsOf(row)) cells.push(await this.#cell(decided, target, output));
        if (decided.skip !== undefined) continue;
        open.push(...decided.open.checks);
        for (const one of decided.open.notGiven) notGiven.add(one);
      }
      this.#decided.clear();
    }
    return { cells, open, notGiven: [...notGiven], sources: this.#sources };
  }

  async #cell(decided: Decided, target: string, { directory, force }: Output): Promise<CellResult> {
    const about = { board: decided.name, kernel: decided.kernel, target };
    if (decided.skip !== undefined) return { ...about, status: 'skip', reason: decided.skip, diagnostics: [] };
    const diagnostics = [...decided.diagnostics];
    if (decided.plan !== undefined) {
      const rendered = render(decided.plan, { version: VERSION, targets: [target] });
      diagnostics.push(...rendered.diagnostics);
      if (rendered.value !== undefined) {
        diagnostics.push(...(await this.#lint(rendered.value)));
        const place = directory === undefined ? undefined : path.join(directory, about.board, about.kernel, target);
        if (place !== undefined && !hasErrors(diagnostics))
          diagnostics.push(
            ...(await this.#write(
              place,
              decided.plan,
              rendered.value,
              recordInputs(
                this.#context,
                place,
                decided.inputs,
                { file: decided.file, sha256: decided.plan.profile.sha256 },
                undefined,
              ),
              force,
            )),
          );
      }
    } else if (!hasErrors(diagnostics)) throw new Error(`${decided.name}: no plan and no finding`);
    const located = diagnostics.map(decided.locate);
    // Lints of a configuration and of a command line are not about the artifacts, which state both.
    const open = decided.open.checks.flatMap(({ check, status }) =>
      status === 'unknown' ? [`${check} is unknown`] : check === 'board' ? ['the DTB of the board was not given'] : [],
    );
    return {
      ...about,
      status: hasErrors(located) ? 'fail' : 'pass',
      ...(open.length === 0 ? {} : { open }),
      diagnostics: located,
    };
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
      const problem = writeTree(directory, files, changes, MANIFEST, false);
      return problem === undefined ? diagnostics : [...diagnostics, problem];
    });
    return 'problem' in turn ? [turn.problem] : turn.value;
  }
}
