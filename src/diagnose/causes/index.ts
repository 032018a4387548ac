/** The catalogue of causes, in the order in which one explains away the next. */

import { ACCESS, OPEN_TO_ALL } from './access.js';
import { AMOUNTS } from './amounts.js';
import { REFUSED, SETTLED } from './areas.js';
import { BEHAVIOUR } from './behaviour.js';
import { BOOT } from './boot.js';
import type { Cause } from './cause.js';
import { CRASHES } from './crash.js';
import { DENIED, VERIFIED } from './denied.js';
import { NAMES } from './names.js';
import { HEALTHY, NOT_OURS, NOT_OURS_IN_LOG } from './other.js';
import { PRESENCE } from './presence.js';

/**
 * What was denied or refused in so many words comes first, then what never came into being (in the order of a boot: boot
 * loader, device tree, command line, kernel, names, access), then amounts, then how buffers behave.
 */
export const CAUSES: readonly Cause[] = [
  VERIFIED,
  ...DENIED,
  ...PRESENCE,
  ...NAMES,
  ...REFUSED,
  ...BOOT,
  ...SETTLED.slice(0, 3),
  ...CRASHES,
  ...ACCESS,
  ...AMOUNTS,
  ...SETTLED.slice(3),
  ...BEHAVIOUR,
  NOT_OURS,
  OPEN_TO_ALL,
  HEALTHY,
  NOT_OURS_IN_LOG,
];

/**
 * Causes that no other cause explains, because a separate line shows each: a refusal in the words of the kernel, an argument of
 * the command line, the rights of a node that exists.
 */
const INDEPENDENT = new Set([
  'FOLKLORE_DMA_BUF_NODE',
  'MAC_DENIED',
  'CGROUP_DEVICE_DENIED',
  'FD_READONLY',
  'FD_LIMIT',
  'HEAP_MODULE_NOT_LOADED',
  'CMA_DT_REJECTED_CELLS',
  'CMA_DT_REJECTED_ALIGN',
  'CMA_DT_REJECTED_NOMAP',
  'CMA_DT_REJECTED_SLOTS',
  'CMA_AREA_NOT_ACTIVATED',
  'CMA_DISABLED_CMDLINE',
  'CMA_CMDLINE_FAILED',
  'PERM_DIRECTORY_OPEN',
  'GROUP_MISSING',
  'USER_MISSING',
  'PERM_DEFAULT_0600',
  'PERM_GROUP_WRONG',
  'USER_NOT_IN_GROUP',
]);
const isIndependent = (id: string): boolean => INDEPENDENT.has(id);

/** Rights of the node, which do not explain that an allocation of another user fails. */
const OF_ACCESS = /^(?:PERM_|GROUP_|USER_|RULE_|LOGIN_)/;
const OF_AMOUNTS = new Set(['CMA_EXHAUSTED', 'CMA_FRAGMENTED', 'CMA_TOO_SMALL_FOR_BUDGET']);
/** @returns false: the causes that were found explain it */
export const isFurther = (id: string, found: readonly string[]): boolean =>
  found.length === 0 ||
  (isIndependent(id) && found.every(isIndependent)) ||
  (OF_AMOUNTS.has(id) && found.every((one) => OF_ACCESS.test(one)));

export type { Cause, Need } from './cause.js';
export { verifiedId } from './denied.js';
export { needsOf } from './needs.js';
