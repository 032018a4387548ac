/**
 * `dmaheap check` on a root file system in a tar archive of at least 300 MB, against `tar -t`, and on a kernel tree,
 * against merge_config.sh plus make (--confirm).
 */
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { debianPackage, kernelTree } from '../../src/build/fetch/index.js';
import { interleaved, measure, rssOf, secondsOf } from './measure.js';
import type { Row } from './table.js';

const MEBIBYTE = 1 << 20;
const program = path.resolve('dist/dmaheap.mjs');
const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');

async function makeTar(work: string): Promise<string> {
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

export async function bench(rounds: number): Promise<Row[]> {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-bench-'));
  try {
    const tar = await makeTar(work);
    const tree = await kernelTree('6.12');
    const base = path.join(tree, 'arch/arm64/configs/defconfig');
    const ours = (status: number, ...args: string[]) =>
      measure([process.execPath, program, ...args], {
        cwd: work,
        env: { ...process.env, XDG_CACHE_HOME: path.join(work, 'cache') },
        status,
      });
    ours(0, 'generate', profile, '-o', 'out', '--kernel', '6.12');
    const onTree = (...more: string[]) => ours(0, 'check', 'out', '--kernel-tree', tree, ...more);
    const series = interleaved(rounds, {
      'tar -t': () => measure(['tar', '-tf', tar], { cwd: work }),
      // Nothing of ours is in it, so the check fails, with its reasons.
      image: () => ours(1, 'check', profile, '--rootfs', tar),
      plain: () => ours(0, 'check', 'out'),
      cold: () => {
        rmSync(path.join(work, 'cache'), { recursive: true, force: true });
        ours(0, 'version');
        return onTree();
      },
      warm: () => onTree(),
    });
    const confirmed = onTree('--base-config', base, '--confirm');
    const peer = { name: 'with merge_config.sh, make', values: [confirmed.cpuSeconds] };
    const without = secondsOf(series, 'plain');
    const answer = (name: string) => secondsOf(series, name).map((seconds, i) => seconds - (without[i] ?? 0));
    const seconds = { unit: 's of CPU' } as const;
    return [
      {
        ...seconds,
        what: 'check of a root tar of 300 MB',
        ours: secondsOf(series, 'image'),
        peer: { name: 'tar -t', values: secondsOf(series, 'tar -t') },
        rssMiB: rssOf(series, 'image'),
      },
      { ...seconds, what: 'check --kernel-tree, the whole command', ours: secondsOf(series, 'cold'), peer },
      { ...seconds, what: 'check --kernel-tree, the answer, cold', ours: answer('cold'), goal: 1.5 },
      { ...seconds, what: 'check --kernel-tree, the answer, warm', ours: answer('warm'), goal: 0.3 },
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
