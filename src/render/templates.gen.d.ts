/** The type of the module that src/build/templates.ts generates beside this file. */
import type { CompiledTarget } from './library.js';

export const TARGETS: readonly CompiledTarget[];
