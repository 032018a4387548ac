/** Programs of Debian that are linked with shared libraries, for a guest. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { debianPackage } from '../../src/build/fetch/index.js';
import type { Machine } from '../e2e/machine.js';

const TRIPLET = 'x86_64-linux-gnu';
const LOADER = 'ld-linux-x86-64.so.2';

/**
 * @param programs paths in the packages
 * @returns path in the guest -> file here: the programs in `bin/`, and the libraries of all the packages
 */
export async function debianPrograms(
  { debianArchitecture }: Machine,
  packages: readonly string[],
  programs: readonly string[],
): Promise<Record<string, string>> {
  if (debianArchitecture !== 'amd64') throw new Error('programs with shared libraries are in guests of amd64');
  const roots = await Promise.all(
    packages.map((name) => debianPackage('trixie', debianArchitecture, name, { withDependencies: true })),
  );
  const files: Record<string, string> = {};
  for (const root of roots) {
    const libraries = path.join(root, 'usr/lib', TRIPLET);
    for (const name of readdirSync(libraries))
      if (/\.so(?:\.[\d.]+)?$/.test(name)) files[`lib/${TRIPLET}/${name}`] = path.join(libraries, name);
  }
  for (const program of programs) {
    const found = roots.map((root) => path.join(root, program)).find((file) => existsSync(file));
    if (found === undefined) throw new Error(`no ${program} in ${packages.join(', ')} of Debian`);
    files[`bin/${path.basename(program)}`] = found;
  }
  const loader = files[`lib/${TRIPLET}/${LOADER}`];
  if (loader === undefined) throw new Error(`no ${LOADER} in Debian's libc6`);
  return { ...files, [`lib64/${LOADER}`]: loader };
}
