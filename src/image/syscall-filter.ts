/** Whether the system call filter of a unit lets a process allocate from a heap. Source: systemd.exec(5). */
import type { Unit } from './unit-files.js';
import { listOf, type Obstacle } from './unit-settings.js';

/** The call that allocates. */
const CALL = 'ioctl';
/** Sets of calls that contain it, as systemd-analyze syscall-filter lists them. */
const SETS = ['@system-service', '@known'];

/** Why the filter keeps a service from the call; undefined: it does not. */
export function callObstacle(unit: Unit): Obstacle | undefined {
  const settings = listOf(unit, 'SystemCallFilter');
  const [first] = settings;
  if (first === undefined) return undefined;
  // The first line decides what happens to the calls that no line names.
  const isAllowList = !first.value.startsWith('~');
  let isOpen = !isAllowList;
  let last = first;
  for (const setting of settings) {
    const isRemoved = setting.value.startsWith('~');
    const words = setting.value
      .replace(/^~/, '')
      .split(/\s+/)
      .map((word) => word.replace(/:.*$/, ''));
    if (!words.some((word) => word === CALL || SETS.includes(word))) continue;
    isOpen = !isRemoved;
    last = setting;
  }
  if (isOpen) return undefined;
  return {
    setting: last,
    cause: `the system call filter does not permit ${CALL}, the call that allocates from a heap`,
    fix: `add ${CALL} to an allow-list of SystemCallFilter=, or remove it from a deny-list`,
  };
}
