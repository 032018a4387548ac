/**
 * `npm run bench:check`: CPU seconds of `dmaheap check` on a root file system in a tar archive of at least 300 MB, against
 * `tar -t`, and on a kernel tree, against merge_config.sh plus make (--confirm), in the same run.
 */
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { debianPackage, kernelTree } from '../../src/build/fetch/index.js';

const MEBIBYTE = 1 << 20;
const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-bench-'));
const program = path.resolve('dist/dmaheap.mjs');
const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');

/**
 * User and system time of a command and its children, by the shell's own clock.
 * @param expected its status; anything else means that something else was measured
 */
async function cpuSeconds(expected: number, command: string, ...args: string[]): Promise<number> {
  // In a pipeline `times` would be of a shell without children.
  const script = '"$@" >said 2>&1; echo "status $?"; times';
  const { stdout } = await execa('bash', ['-c', script, 'bench', command, ...args], { cwd: work });
  const status = Number(/^status (\d+)$/m.exec(stdout)?.[1]);
  if (status !== expected)
    throw new Error(
      `${command} ${args.join(' ')} ended with ${status}: ${readFileSync(path.join(work, 'said'), 'utf8').slice(-2000)}`,
    );
  const children = stdout.trim().split('\n').at(-1) ?? '';
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0);
}

async function makeTar(): Promise<string> {
  const root = path.join(work, 'root');
  const packages = await debianPackage('trixie', 'amd64', 'systemd', { withDependencies: true });
  await execa('cp', ['-a', packages, root]);
  const filler = path.join(root, 'usr/share/bench');
  mkdirSync(filler, { recursive: true });
  // What fills an image: files of many sizes that no check reads.
  for (let i = 0; i < 2000; i += 1) writeFileSync(path.join(filler, `file-${i}`), Buffer.alloc((i % 32) * 8192, i));
  for (let i = 0; i < 2; i += 1) {
    const stream = createWriteStream(path.join(filler, `large-${i}`));
    for (let j = 0; j < 20; j += 1) stream.write(Buffer.alloc(MEBIBYTE, j));
    await new Promise((done) => stream.end(done));
  }
  symlinkSync('file-0', path.join(filler, 'link'));
  const tar = path.join(work, 'root.tar');
  await execa('tar', ['-C', root, '-cf', tar, '.']);
  return tar;
}

try {
  const tar = await makeTar();
  const { stdout: size } = await execa('stat', ['-c', '%s', tar]);
  const listed = await cpuSeconds(0, 'tar', '-tf', tar);
  // Nothing of ours is in it, so the check fails, with its reasons.
  const checked = await cpuSeconds(1, process.execPath, program, 'check', profile, '--rootfs', tar);
  console.log(
    `root tar of ${Math.round(Number(size) / MEBIBYTE)} MB: check ${checked.toFixed(2)} s of CPU, tar -t ${listed.toFixed(2)} s`,
  );
  const tree = await kernelTree('6.12');
  await execa(process.execPath, [program, 'generate', profile, '-o', 'out', '--kernel', '6.12'], {
    cwd: work,
    reject: false,
  });
  const cache = path.join(work, 'cache');
  const ask = (...more: string[]) =>
    cpuSeconds(
      0,
      'env',
      `XDG_CACHE_HOME=${cache}`,
      process.execPath,
      program,
      'check',
      'out',
      '--kernel-tree',
      tree,
      ...more,
    );
  const without = await cpuSeconds(0, process.execPath, program, 'check', 'out');
  const [cold, warm] = [await ask(), await ask()];
  const base = path.join(tree, 'arch/arm64/configs/defconfig');
  const confirmed = await ask('--base-config', base, '--confirm');
  console.log(
    `kernel tree: check ${cold.toFixed(2)} s of CPU cold, ${warm.toFixed(2)} s warm, ${without.toFixed(2)} s without the tree; ` +
      `so the answer costs ${(cold - without).toFixed(2)} s cold, ${(warm - without).toFixed(2)} s warm; with merge_config.sh and make (--confirm) ${confirmed.toFixed(2)} s`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
