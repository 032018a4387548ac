/**
 * The image of a machine at rest: files, accounts, and what its device managers and service manager will make of device
 * nodes. Knows Linux, not the profile. Pure: readers give an {@link ImageSource}.
 */
export * from './accounts.js';
export { type BootEntry, type BootFile, blobsOf, bootEntries, fitsOf } from './boot.js';
export * from './containers/index.js';
export { readCpio } from './cpio.js';
export { expandBraces, globPattern, isGlob } from './glob.js';
export * from './mdev.js';
export { type Member, MemberTree } from './members.js';
export * from './modprobe.js';
export type { RootFacts } from './namespace.js';
export * from './node.js';
export * from './procd.js';
export * from './raspberry-pi.js';
export * from './scripts.js';
export * from './service.js';
export { BrokenArchive, type ReadAt, readTar } from './tar.js';
export * from './tmpfiles.js';
export * from './tree.js';
export * from './ueventd.js';
export { readSettings, type Setting, type Unit, UnitFiles } from './unit-files.js';
export { isYes, lastOf, listOf, type Obstacle, withSpecifiers } from './unit-settings.js';
