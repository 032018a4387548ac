/** Runs one case on one kernel: merge the tree, predict, boot, compare. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheRoot } from '../../src/build/fetch/index.js';
import type { Prediction } from '../../src/placement/index.js';
import { type Case, expectationFor, type Run } from './case.js';
import { compare, compareExpectation, type FieldResult } from './compare.js';
import { deviceGuest } from './devices.js';
import { initramfs } from './guest.js';
import { type BuiltKernel, buildKernel, kernelRecipe } from './kernel.js';
import { machineFor } from './machine.js';
import { type Observation, observe } from './observe.js';
import { occupiedBy } from './occupied.js';
import { mergedDtb } from './overlay.js';
import { pageSizeOf, predictRun } from './predict.js';
import { generate } from './product.js';
import { type Boot, baseDtb, commandLine, guestCommandLine, runGuest } from './qemu.js';

export interface RunResult {
  readonly run: Run;
  readonly fields: readonly FieldResult[];
  readonly prediction: Prediction | undefined;
  readonly observation: Observation;
  readonly seconds: number;
  /** Boots the same guest by hand. */
  readonly command: string;
  /** The guest's console. */
  readonly console: string;
}

/** What several runs share: each kernel is built once, each initramfs made once. */
export class Lab {
  readonly #kernels = new Map<string, Promise<BuiltKernel>>();
  readonly #predict: typeof predictRun;
  readonly #progress: (text: string) => void;

  /** @param predict the simulator, or a deliberately wrong one for the negative control */
  constructor(progress: (text: string) => void, predict = predictRun) {
    this.#progress = progress;
    this.#predict = predict;
  }

  kernel(name: string): Promise<BuiltKernel> {
    const known = this.#kernels.get(name);
    if (known) return known;
    const built = kernelRecipe(name).then((recipe) => buildKernel(recipe, this.#progress));
    this.#kernels.set(name, built);
    return built;
  }

  /** Everything QEMU needs for a run; the trees stay in the cache so that the command can be repeated by hand. */
  async prepare(
    run: Run,
    shell = false,
  ): Promise<{
    boot: Boot;
    kernel: BuiltKernel;
    predict: () => Promise<Prediction>;
    owned: Awaited<ReturnType<typeof occupiedBy>>;
  }> {
    const one: Case = run.case;
    const machine = await machineFor(run.arch);
    const kernel = await this.kernel(run.kernel);
    const directory = path.join(cacheRoot(), 'e2e', run.id);
    const base = await baseDtb({ machine, memoryMiB: one.memoryMiB, options: one.options });
    const generated =
      one.profile && (await generate(one.profile, kernel.recipe.version, path.join(directory, 'generated')));
    const further = generated ? [path.join(generated, 'dt-overlay/dmaheap.dtso')] : [];
    const dtb = base && (await mergedDtb(one, base, directory, further));
    const guest = generated ? await deviceGuest(machine, one, generated) : {};
    const initrd = await initramfs(machine, { ...guest, modules: kernel.modules, shell });
    const boot: Boot = {
      machine,
      image: kernel.image,
      initrd,
      dtb,
      memoryMiB: one.memoryMiB,
      options: one.options,
      cmdline: one.cmdline,
      silenceSeconds: one.silenceSeconds,
    };
    const owned = dtb ? await occupiedBy(machine, kernel, initrd, dtb, one.memoryMiB) : undefined;
    const pageSizeBytes = pageSizeOf(await readFile(kernel.config, 'utf8'));
    const cmdline = guestCommandLine(boot);
    return {
      boot,
      kernel,
      owned,
      predict: () => this.#predict({ run, kernel, dtb, cmdline, occupied: owned, pageSizeBytes }),
    };
  }

  async run(run: Run): Promise<RunResult> {
    const { boot, kernel, predict, owned } = await this.prepare(run);
    const prediction = await predict();
    const result = await runGuest(boot);
    const observation = observe(result, pageSizeOf(await readFile(kernel.config, 'utf8')));
    const expectation = expectationFor(run);
    const isNameCut = run.kernel.includes('-5.10');
    return {
      run,
      fields: [
        ...compare(prediction, observation, owned ?? [], isNameCut),
        ...(expectation ? compareExpectation(expectation, observation) : []),
      ],
      prediction,
      observation,
      seconds: result.seconds,
      command: commandLine(boot),
      console: result.console,
    };
  }
}
