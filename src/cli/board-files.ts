/** What a first profile is made from, and where it may be written. */

import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../diagnostic/index.js';
import type { Distribution } from '../facts/distribution.js';
import { parseKernelVersion } from '../facts/index.js';
import { type Fdt, readFdt } from '../fdt/index.js';
import { archOf, type BoardFindings } from '../init/board.js';
import { optionValues } from '../kconfig/option-line.js';
import { TARGETS } from '../render/index.js';
import { readConfig, releaseOfConfig } from './config.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { readBytes, reasonNotWritten } from './files.js';
import { DTB_FIX } from './profile.js';
import { Refusal } from './refusal.js';

/**
 * Looks at the DTB.
 * @throws {@link Refusal}
 */
export function readBoard(context: Context, file: string, diagnostics: Diagnostic[]): BoardFindings {
  const got = readBytes(context.resolve(file));
  if ('error' in got) throw new Refusal(`--dtb ${file}: ${got.error}`, EXIT.environment, DTB_FIX);
  const read = readFdt(got.bytes, file);
  diagnostics.push(...read.diagnostics);
  if (read.value === undefined) throw Refusal.because(EXIT.findings, diagnostics);
  const tree: Fdt = read.value;
  return { tree, dtbPath: path.normalize(file), dtbName: path.basename(file).replace(/\.dtb$/, '') };
}

/**
 * Looks at the configuration, of the architecture that the board is known to have.
 * @throws {@link Refusal}
 */
export function readConfiguration(context: Context, file: string, board: BoardFindings): BoardFindings {
  const got = readConfig(context.resolve(file), archOf(board));
  if ('error' in got) throw new Refusal(`--config ${file}: ${got.error}`, got.exit, got.fix);
  const kernel = parseKernelVersion(releaseOfConfig(got.text) ?? '');
  return { config: optionValues(got.text), ...(kernel === undefined ? {} : { kernel }) };
}

/** The target of a distribution, or of a derivative that has one. */
export function targetOf(name: string, { id }: Distribution): Pick<BoardFindings, 'target'> {
  const target = [name.toLowerCase(), id].find((one) => TARGETS.some((candidate) => candidate.name === one));
  return target === undefined ? {} : { target };
}

/** The reason why a profile cannot be written there. A draft does not replace an edited profile. */
export function whyNot(context: Context, output: string): string | undefined {
  const file = context.resolve(output);
  if (output === '-') return undefined;
  if (existsSync(file)) return `${output} exists`;
  try {
    accessSync(path.dirname(file), constants.W_OK);
    return undefined;
  } catch (error) {
    return `cannot write ${output}: ${reasonNotWritten(error, file)}`;
  }
}
