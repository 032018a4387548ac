/** The catalogue of causes, in the order in which one explains away the next. */

import { ACCESS } from './access.js';
import { AMOUNTS } from './amounts.js';
import { REFUSED, SETTLED } from './areas.js';
import { BEHAVIOUR } from './behaviour.js';
import { BOOT } from './boot.js';
import type { Cause } from './cause.js';
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
  ...ACCESS,
  ...AMOUNTS,
  ...SETTLED.slice(3),
  ...BEHAVIOUR,
  NOT_OURS,
  HEALTHY,
  NOT_OURS_IN_LOG,
];

export type { Cause, Need } from './cause.js';
export { verifiedId } from './denied.js';
export { needsOf } from './needs.js';
