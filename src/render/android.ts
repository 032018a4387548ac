/** Android's groups are compiled in: a vendor's own ones are declared in config.fs, by name, number and prefix. */
import { leaf } from '../lang/index.js';
import type { Plan } from '../plan/types.js';
import type { NeutralView } from './view.js';

/** Groups of every Android that a heap is likely given to (system/core, android_filesystem_config.h). */
const ANDROID_GROUPS = [
  'audio',
  'audioserver',
  'camera',
  'cameraserver',
  'drm',
  'drmrpc',
  'graphics',
  'media',
  'mediacodec',
  'mediadrm',
  'mediaex',
  'root',
  'shell',
  'system',
];

/** The first number that Android leaves to vendors; they end at 2999. */
const FIRST_VENDOR_ID = 2900;

/**
 * What a group of the profile is called on Android: fs_config_generator.py refuses vendor groups without the prefix.
 */
export function androidGroup(name: string): string {
  // The prefix must not turn an invalid name into a valid one.
  const isOther = /^[a-z_]/.test(name) && !ANDROID_GROUPS.includes(name);
  return isOther ? `vendor_${name.replaceAll('-', '_')}` : name;
}

/** The groups that config.fs has to declare. The platform gives the system heap to its own. */
export function presentAndroidGroups(plan: Plan): NeutralView {
  const groups = plan.heaps.flatMap(({ kind, access }) => (kind === 'system' || !access ? [] : [access.group]));
  const declared = groups
    .sort()
    .map(androidGroup)
    .filter((name) => !ANDROID_GROUPS.includes(name));
  return [...new Set(declared)].map((name, i) => ({
    name: leaf('group', name, { pointer: '/access' }),
    section: leaf('identifier', `AID_${name.toUpperCase()}`, { pointer: '/access' }),
    id: leaf('integer', FIRST_VENDOR_ID + i),
  }));
}
