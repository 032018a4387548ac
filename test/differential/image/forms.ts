/** The forms in which `check --rootfs` reads a tree, made by the tools that people make them with. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { debianPackage } from '../../../src/build/fetch/index.js';
import { randomImage } from './random.js';

let PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { env: { ...process.env, PATH }, stdio: 'pipe' });
const sh = (script: string, ...args: string[]) => run('sh', '-ec', script, 'sh', ...args);

/**
 * Fetches the tools that are not installed here.
 * @param bin a directory for them
 * @returns PATH with all tools, for the readers as well
 */
export async function prepareForms(bin: string): Promise<string> {
  const root = await debianPackage('bookworm', 'amd64', ['erofs-utils', 'squashfs-tools'], { withDependencies: true });
  mkdirSync(bin);
  const libraries = ['lib', 'usr/lib'].map((top) => path.join(root, top, 'x86_64-linux-gnu'));
  for (const program of ['mksquashfs', 'unsquashfs', 'mkfs.erofs', 'fsck.erofs']) {
    const call = `${libraries[0]}/ld-linux-x86-64.so.2 --library-path ${libraries.join(':')} ${root}/usr/bin/${program}`;
    writeFileSync(path.join(bin, program), `#!/bin/sh\nexec ${call} "$@"\n`);
    chmodSync(path.join(bin, program), 0o755);
  }
  PATH = `${bin}:${PATH}`;
  return PATH;
}

const MEBIBYTE = 1 << 20;
const ext4 = (from: string, to: string) => sh('truncate -s 16M "$2" && mkfs.ext4 -q -F -d "$1" "$2"', from, to);

/** A GPT with one partition that begins at 1 MiB. Source: UEFI specification, chapter 5. */
function onDisk(from: string, to: string): void {
  ext4(from, `${to}.partition`);
  const content = readFileSync(`${to}.partition`);
  const head = Buffer.alloc(MEBIBYTE);
  head.writeUInt8(0xee, 450);
  head.writeUInt32LE(1, 454);
  head.writeUInt32LE(0xffffffff, 458);
  head.writeUInt16LE(0xaa55, 510);
  head.write('EFI PART', 512, 'latin1');
  head.writeBigUInt64LE(2n, 512 + 72);
  head.writeUInt32LE(128, 512 + 80);
  head.writeUInt32LE(128, 512 + 84);
  Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex').copy(head, 1024);
  head.writeBigUInt64LE(2048n, 1024 + 32);
  head.writeBigUInt64LE(BigInt(2048 + content.length / 512 - 1), 1024 + 40);
  writeFileSync(to, Buffer.concat([head, content]));
  truncateSync(to, head.length + content.length + MEBIBYTE);
}

/** The tree with a file too many, and a layer that takes it away. */
function layersOf(from: string, to: string): readonly [Buffer, Buffer] {
  const [lower, upper] = [`${to}.lower`, `${to}.upper`];
  cpSync(from, lower, { recursive: true, verbatimSymlinks: true });
  mkdirSync(path.join(lower, 'etc/udev/rules.d'), { recursive: true });
  writeFileSync(path.join(lower, 'etc/udev/rules.d/99-open.rules'), 'SUBSYSTEM=="dma_heap", MODE="0666"\n');
  mkdirSync(path.join(upper, 'etc/udev/rules.d'), { recursive: true });
  writeFileSync(path.join(upper, 'etc/udev/rules.d/.wh.99-open.rules'), '');
  const tar = (folder: string) =>
    execFileSync('tar', ['-C', folder, '-cf', '-', '.'], { maxBuffer: 64 * MEBIBYTE, encoding: 'buffer' });
  return [tar(lower), tar(upper)];
}

function oci(from: string, to: string): void {
  const blob = (content: string | Buffer, mediaType: string) => {
    const digest = createHash('sha256').update(content).digest('hex');
    mkdirSync(path.join(to, 'blobs/sha256'), { recursive: true });
    writeFileSync(path.join(to, 'blobs/sha256', digest), content);
    return { mediaType, digest: `sha256:${digest}`, size: content.length };
  };
  const type = 'application/vnd.oci.image';
  const layers = layersOf(from, to).map((tar) => blob(gzipSync(tar), `${type}.layer.v1.tar+gzip`));
  const config = blob(JSON.stringify({ architecture: 'arm64', os: 'linux', rootfs: {} }), `${type}.config.v1+json`);
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: `${type}.manifest.v1+json`, config, layers });
  const manifests = [blob(manifest, `${type}.manifest.v1+json`)];
  writeFileSync(path.join(to, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(path.join(to, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

function docker(from: string, to: string): void {
  const folder = `${to}.saved`;
  mkdirSync(folder);
  const [lower, upper] = layersOf(from, to);
  writeFileSync(path.join(folder, 'lower.tar'), lower);
  writeFileSync(path.join(folder, 'upper.tar'), upper);
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify([{ Layers: ['lower.tar', 'upper.tar'] }]));
  run('tar', '-C', folder, '-cf', to, 'manifest.json', 'lower.tar', 'upper.tar');
}

export const FORMS: Readonly<Record<string, (from: string, to: string) => unknown>> = {
  tar: (from, to) => run('tar', '-C', from, '-cf', to, '.'),
  'tar.gz': (from, to) => run('tar', '-C', from, '-czf', to, '.'),
  'tar.xz': (from, to) => run('tar', '-C', from, '-cJf', to, '.'),
  'tar.zst': (from, to) => run('tar', '-C', from, '--zstd', '-cf', to, '.'),
  cpio: (from, to) => sh('cd "$1" && find . | cpio --quiet -o -H newc >"$2"', from, to),
  ext4,
  squashfs: (from, to) => run('mksquashfs', from, to, '-quiet', '-no-progress'),
  erofs: (from, to) => run('mkfs.erofs', to, from),
  disk: onDisk,
  oci,
  'oci.tar': (from, to) => {
    oci(from, `${to}.layout`);
    run('tar', '-C', `${to}.layout`, '-cf', to, '.');
  },
  docker,
};

/** Random images, each with links of both kinds that a tree can have. */
export function imageWithLinks(root: string, seed: number): void {
  randomImage(root, seed);
  mkdirSync(path.join(root, 'usr/share/rules'), { recursive: true });
  mkdirSync(path.join(root, 'etc/udev/rules.d'), { recursive: true });
  writeFileSync(path.join(root, 'usr/share/rules/95-linked.rules'), 'SUBSYSTEM=="dma_heap", OWNER="root"\n');
  symlinkSync('../../../usr/share/rules/95-linked.rules', path.join(root, 'etc/udev/rules.d/95-linked.rules'));
  run('ln', path.join(root, 'usr/share/rules/95-linked.rules'), path.join(root, 'etc/udev/rules.d/96-hard.rules'));
  symlinkSync('usr/lib', path.join(root, 'lib'));
}
