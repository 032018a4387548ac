/** Kernel descriptions: those that ship, and the user's own files. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareKernelVersions, formatKernelVersion, OLDEST_KERNEL, parseKernelVersion } from '../facts/index.js';
import { type Description, knowledgeOf, readDescription } from '../knowledge/description.js';
import type { KernelKnowledge } from '../knowledge/types.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { readText } from './files.js';
import { Refusal } from './refusal.js';

/** Where the descriptions that ship lie, from the program as it is bundled, packaged and run from its source. */
const SHIPPED = ['./kernels/', '../schemas/kernels/', '../../schemas/kernels/'];
const ENDING = '.kernel.json';

function shippedDirectory(): string | undefined {
  return SHIPPED.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
}

/** Names of the descriptions that ship: `linux-6.6`. */
export function shippedDescriptions(): readonly string[] {
  const directory = shippedDirectory();
  return (directory === undefined ? [] : readdirSync(directory))
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
}

/** A description of one's own is a path to a JSON file; one that ships has a name. */
export const isShippedName = (text: string): boolean => !/[/\\]|\.json$/.test(text);

/**
 * A kernel description: a path, or the name of one that ships.
 * @throws {@link Refusal} when it is not one
 */
export function descriptionKnowledge(context: Context, file: string): KernelKnowledge {
  return knowledgeOf(readDescriptionFile(context, file));
}

/** @throws {@link Refusal} */
export function readDescriptionFile(context: Context, file: string): Description {
  const ships = isShippedName(file);
  if (ships && !shippedDescriptions().includes(file))
    throw new Refusal(
      `no kernel description with the name ${file} ships with dmaheap`,
      EXIT.usage,
      shippedDescriptions().length === 0
        ? 'give the path of a description; the directory schemas/kernels/ of the package is not beside this program'
        : `use ${shippedDescriptions().join(', ')}, or the path of one: ./${file}${ENDING}`,
    );
  const got = readText(ships ? path.join(shippedDirectory() ?? '', file + ENDING) : context.resolve(file));
  if ('error' in got)
    throw new Refusal(`cannot read the kernel description ${file}: ${got.error}`, EXIT.environment, WRITE_ONE);
  let value: unknown;
  try {
    value = JSON.parse(got.text);
  } catch (error) {
    throw new Refusal(`${file} is not a kernel description: ${(error as Error).message}`, EXIT.usage, WRITE_ONE);
  }
  const description = readDescription(value);
  if (typeof description === 'string')
    throw new Refusal(`${file} is not a kernel description of version 1: ${description}`, EXIT.usage, WRITE_ONE);
  const version = parseKernelVersion(description.release);
  if (version === undefined || compareKernelVersions(version, OLDEST_KERNEL) < 0)
    throw new Refusal(
      `${file} is of Linux ${description.release}: dmaheap knows kernels from ${formatKernelVersion(OLDEST_KERNEL)} on`,
      EXIT.usage,
      WRITE_ONE,
    );
  return description;
}

const WRITE_ONE = 'write one with: dmaheap kernel TREE --arch arm64 -o NAME.kernel.json';
