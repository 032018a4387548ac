/** The table of every finding dmaheap can make. */
import { ALL_CHECK_CODES } from '../check/index.js';
import { LOCK_CODES } from '../check/lock.js';
import type { CodeTable } from '../diagnostic/index.js';
import { FDT_CODES } from '../fdt/index.js';
import { IMPORT_CODES } from '../import/index.js';
import { KCONFIG_CODES } from '../kconfig/codes.js';
import { LANG_CODES } from '../lang/index.js';
import { MODEL_CODES } from '../model/index.js';
import { BOOT_LOG_CODES, PLACEMENT_CODES, PLANNER_CODES, RASPBERRY_PI_CODES } from '../placement/index.js';
import { PLAN_CODES } from '../plan/index.js';
import { PROFILE_CODES } from '../profile/codes.js';
import { RENDER_CODES } from '../render/index.js';
import { JSON_CODES } from '../source/json.js';
import { VERIFY_CODES } from '../verify/index.js';
import { REFUSAL_CODES } from './context.js';
import { MATRIX_CODES } from './fleet/read.js';
import { INPUT_CODES } from './inputs.js';
import { KERNEL_CHECK_CODES } from './kernel-check.js';
import { TOOLCHAIN_CODES } from './kernel-tree.js';
import { KNOWLEDGE_CODES } from './knowledge.js';
import { OUTPUT_CODES } from './output/write.js';
import { RELEASE_CODES } from './release.js';
import { GENERATE_CODES, TREE_CODES } from './tree.js';

export function allCodes(): CodeTable {
  return {
    ...JSON_CODES,
    ...PROFILE_CODES,
    ...FDT_CODES,
    ...KCONFIG_CODES,
    ...LANG_CODES,
    ...MODEL_CODES,
    ...PLAN_CODES,
    ...PLACEMENT_CODES,
    ...PLANNER_CODES,
    ...RASPBERRY_PI_CODES,
    ...BOOT_LOG_CODES,
    ...RENDER_CODES,
    ...ALL_CHECK_CODES,
    ...LOCK_CODES,
    ...VERIFY_CODES,
    ...IMPORT_CODES,
    ...GENERATE_CODES,
    ...OUTPUT_CODES,
    ...INPUT_CODES,
    ...KERNEL_CHECK_CODES,
    ...KNOWLEDGE_CODES,
    ...TOOLCHAIN_CODES,
    ...TREE_CODES,
    ...MATRIX_CODES,
    ...RELEASE_CODES,
    ...REFUSAL_CODES,
  };
}
