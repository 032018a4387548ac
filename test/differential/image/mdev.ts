/** BusyBox mdev in a root directory of its own. */
import { lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Image, mdevNode, readAccounts } from '../../../src/image/index.js';
import { HEAPS } from './dice.js';
import { forEachImage, type Judge, makeRig, numberOf, run, spellNode } from './judge.js';

export function mdev(work: string): Judge {
  const program = run('sh', ['-c', 'command -v busybox']).stdout.trim();
  const linked = run('ldd', [program]).stdout;
  const loader = /(\/\S*\/ld-\S+)/.exec(linked)?.[1] ?? program;
  const folders = [...linked.matchAll(/=> (\/\S+)/g)].map(([, file]) => path.dirname(file as string));
  const rig = path.join(work, 'mdev');
  const call = makeRig(rig, program, [...new Set(folders)].slice(0, 1), loader);
  for (const heap of HEAPS) {
    mkdirSync(path.join(rig, 'sys/devices/virtual/dma_heap', heap), { recursive: true });
    writeFileSync(path.join(rig, 'sys/devices/virtual/dma_heap', heap, 'dev'), '250:0\n');
  }
  const calls = HEAPS.map(
    (heap) => `ACTION=add DEVPATH=/devices/virtual/dma_heap/${heap} DEVNAME=dma_heap/${heap} ${call} mdev || true\n`,
  );
  return {
    name: 'busybox mdev',
    async theirs(images, folder) {
      await forEachImage(
        images,
        folder,
        `mount --bind "$root/etc" "$rig/etc" && cp -a "$root/dev/dma_heap" "$rig/dev/"
${calls.join('')}umount "$rig/etc" && mv "$rig/dev/dma_heap" "$work/$seed"`,
        { rig, SUBSYSTEM: 'dma_heap' },
      );
      return images.map(
        ({ seed }) =>
          new Map(
            HEAPS.map((heap) => {
              const stat = lstatSync(path.join(folder, String(seed), heap), { throwIfNoEntry: false });
              return [heap, stat === undefined ? 'gone' : spellNode(stat.uid, stat.gid, stat.mode)];
            }),
          ),
      );
    },
    ours(_, source) {
      const image = new Image(source, '');
      const accounts = readAccounts(image, false);
      return new Map(
        HEAPS.map((heap) => {
          const { owner, group, mode, isGone } = mdevNode(
            image.text('etc/mdev.conf'),
            `dma_heap/${heap}`,
            'dma_heap',
            accounts,
          );
          const numbers = [numberOf(accounts, 'users', owner), numberOf(accounts, 'groups', group)] as const;
          return [heap, isGone ? 'gone' : spellNode(...numbers, mode)];
        }),
      );
    },
  };
}
