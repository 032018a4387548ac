/** A disk with Debian's GStreamer, FFmpeg and libcamera for a guest, and the program of docs/using-heaps.md for libcamera. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, debianPackage, filledOnce, shortHash } from '../../src/build/fetch/index.js';
import type { Machine } from '../e2e/machine.js';

const GSTREAMER = ['tools', 'plugins-base', 'plugins-good', 'plugins-bad'].map((name) => `gstreamer1.0-${name}`);
const PACKAGES = [...GSTREAMER, 'ffmpeg', 'libcamera-tools', 'libcamera-ipa', 'libcamera-dev', 'dash'];

const mediaRoot = ({ debianArchitecture }: Machine): Promise<string> =>
  debianPackage('trixie', debianArchitecture, PACKAGES, { withDependencies: true });

/** The disk's image; a guest's changes are its own. */
export async function mediaDisk(machine: Machine): Promise<string> {
  const root = await mediaRoot(machine);
  const directory = await filledOnce(path.join(cacheRoot(), 'media-disk', path.basename(root)), async (work) => {
    const image = path.join(work, 'disk');
    await writeFile(image, '');
    await execa('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', root, image, '1400M']);
  });
  return path.join(directory, 'disk');
}

/** Path in the guest -> file here. */
export async function mediaFiles(machine: Machine): Promise<Record<string, string>> {
  const root = path.join(await mediaRoot(machine), 'usr');
  const source = new URL('../../docs/programs/libcamera-buffers.cpp', import.meta.url).pathname;
  const flags = ['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror', '-isystem', `${root}/include/libcamera`];
  // The libraries of Debian 13 need a newer libc than this machine may have; the guest has it.
  const libraries = [`-L${root}/lib/x86_64-linux-gnu`, '-lcamera', '-lcamera-base', '-Wl,--allow-shlib-undefined'];
  const key = shortHash(await readFile(source, 'utf8'), root, ...flags, ...libraries);
  const directory = await filledOnce(path.join(cacheRoot(), 'guest', `libcamera-buffers-${key}`), async (work) => {
    const program = path.join(work, 'libcamera-buffers');
    await execa(`${machine.kbuild.crossCompile}g++`, [...flags, '-o', program, source, ...libraries]);
  });
  return { 'bin/libcamera-buffers': path.join(directory, 'libcamera-buffers') };
}
