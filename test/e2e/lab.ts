/** Runs one case on one kernel: merge the tree, predict, boot, compare. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheRoot } from '../../src/build/fetch/index.js';
import { buildStaticFor } from '../../src/build/native.js';
import type { Prediction } from '../../src/placement/index.js';
import { nodeFiles } from '../native/node-guest.js';
import { type Case, expectationFor, type Run } from './case.js';
import { compare, compareExpectation, type FieldResult } from './compare.js';
import { deviceGuest } from './devices.js';
import { type GuestFiles, initramfs } from './guest.js';
import { bootOrKept } from './kept.js';
import { type BuiltKernel, buildKernel, type KernelRecipe, kernelRecipe, treeOf } from './kernel.js';
import { type Machine, machineFor } from './machine.js';
import { type Observation, observe } from './observe.js';
import { occupiedBy } from './occupied.js';
import { mergedDtb } from './overlay.js';
import { pageSizeOf, predictRun, type Question } from './predict.js';
import { generate } from './product.js';
import { type Boot, baseDtb, boardDtb, commandLine, guestCommandLine, guestWithInputs } from './qemu.js';
import { compareRecord } from './recorded.js';

export interface RunResult {
  readonly run: Run;
  readonly fields: readonly FieldResult[];
  readonly question: Question;
  readonly observation: Observation;
  /** The guest fell silent and was started a second time: what it showed then counts. */
  readonly isRepeated: boolean;
  /** The log is that of an earlier boot with the same inputs. */
  readonly isKept: boolean;
  readonly seconds: number;
  /** Boots the same guest by hand. */
  readonly command: string;
}

/** A guest ready to start, and what the simulator is asked about it. */
export interface Prepared {
  readonly boot: Boot;
  readonly question: Question;
}

/** What several runs share: each kernel is built once, each initramfs made once. */
export class Lab {
  readonly #kernels = new Map<string, Promise<BuiltKernel>>();
  readonly #verifiers = new Map<string, Promise<string>>();
  readonly #progress: (text: string) => void;
  readonly #bootAgain: boolean;

  /** @param bootAgain do without kept logs */
  constructor(progress: (text: string) => void, bootAgain = false) {
    this.#progress = progress;
    this.#bootAgain = bootAgain;
  }

  kernel(name: string): Promise<BuiltKernel> {
    const known = this.#kernels.get(name);
    if (known) return known;
    const built = kernelRecipe(name).then((recipe) => buildKernel(recipe, this.#progress));
    this.#kernels.set(name, built);
    return built;
  }

  async #machine({ arch, cpu }: KernelRecipe): Promise<Machine> {
    const machine = await machineFor(arch);
    return cpu === undefined ? machine : { ...machine, qemu: { ...machine.qemu, cpu } };
  }

  /** The static verifier as users get it. */
  #verifier({ arch }: Machine): Promise<string> {
    const built = this.#verifiers.get(arch) ?? buildStaticFor(arch === 'x86_64' ? 'x64' : arch);
    this.#verifiers.set(arch, built);
    return built;
  }

  /** Everything QEMU needs for a run; the trees stay in the cache so that the command can be repeated by hand. */
  async prepare(run: Run, shell = false): Promise<Prepared> {
    const one: Case = run.case;
    const kernel = await this.kernel(run.kernel);
    const machine = await this.#machine(kernel.recipe);
    const directory = await runDirectory(run);
    const base = one.board
      ? await boardDtb(one.board)
      : await baseDtb({ machine, memoryMiB: one.memoryMiB, options: one.options });
    const generated =
      one.profile && (await generate(one.profile, await kernelOptions(kernel), path.join(directory, 'generated')));
    const further = generated && one.applied !== false ? [path.join(generated, 'dt-overlay/dmaheap.dtso')] : [];
    const dtb = base && (await mergedDtb(one, base, directory, further));
    const guest: GuestFiles = generated
      ? await deviceGuest(machine, one, generated)
      : one.script
        ? { run: one.script }
        : {};
    const files = {
      'bin/dmaheap-verify': await this.#verifier(machine),
      ...(one.node ? await nodeFiles(machine.arch) : {}),
      ...guest.files,
    };
    const initrd = await initramfs(machine, { ...guest, files, modules: kernel.modules, shell });
    const { memoryMiB, options, cmdline, silenceSeconds } = one;
    const boot: Boot = { machine, image: kernel.image, initrd, dtb, memoryMiB, options, cmdline, silenceSeconds };
    const occupied = dtb ? await occupiedBy(machine, kernel, initrd, dtb, memoryMiB) : undefined;
    const pageSizeBytes = pageSizeOf(await readFile(kernel.config, 'utf8'));
    return { boot, question: { run, kernel, dtb, cmdline: guestCommandLine(boot), occupied, pageSizeBytes } };
  }

  async run(run: Run): Promise<RunResult> {
    const { boot, question } = await this.prepare(run);
    const prediction = await predictRun(question);
    const guest = await guestWithInputs(boot);
    let result = await bootOrKept(guest, this.#bootAgain);
    // A silent emulator says nothing about the kernel, so it is started once more. A guest that answered is not.
    const isRepeated = result.ending === 'hung' && prediction.outcome !== 'hangs' && prediction.outcome !== 'unknown';
    if (isRepeated) {
      this.#progress(`fell silent, once more: ${run.id}`);
      result = await bootOrKept(guest, this.#bootAgain);
    }
    await writeFile(path.join(await runDirectory(run), 'console.txt'), result.console);
    const observation = observe(result, question.pageSizeBytes);
    const expectation = expectationFor(run);
    return {
      run,
      question,
      fields: [
        ...judge(question, prediction, observation),
        ...(expectation ? compareExpectation(expectation, observation) : []),
        ...(run.case.recorded ? [await compareRecord(observation.run)] : []),
      ],
      observation,
      isRepeated,
      isKept: result.isKept,
      seconds: result.seconds,
      command: commandLine(boot),
    };
  }
}

/** A release of mainline is named; what another tree has is read from it. */
async function kernelOptions({ recipe, config }: BuiltKernel): Promise<readonly string[]> {
  if (recipe.tree === undefined) return ['--kernel', recipe.version];
  return ['--kernel-tree', await treeOf(recipe), '--base-config', config];
}

/** Where a run's trees and its console stay, so that it can be looked at and repeated by hand. */
async function runDirectory(run: Run): Promise<string> {
  const directory = path.join(cacheRoot(), 'e2e', run.id);
  await mkdir(directory, { recursive: true });
  return directory;
}

/** Compares a prediction with what the guest of the same question showed. */
export const judge = (question: Question, prediction: Prediction, seen: Observation): readonly FieldResult[] =>
  compare(prediction, seen, question.occupied ?? [], /-5\.\d+/.test(question.run.kernel));
