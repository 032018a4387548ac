import { expect, test } from 'vitest';
import { boardRuns, boardSample, loadBoards } from './real-boards/board.js';
import { loggedAreas } from './real-boards/boot.js';

test('the sample is part of the list, and has every architecture, loader and variant', async () => {
  const sample = boardSample(boardRuns(await loadBoards()));
  const kinds = <T>(of: (run: (typeof sample)[number]) => T) => [...new Set(sample.map(of))].sort();
  expect(sample.length).toBeGreaterThanOrEqual(12);
  expect(kinds(({ board }) => board.arch)).toEqual(['arm', 'arm64', 'riscv64']);
  expect(kinds(({ variant }) => variant)).toEqual(['overlay', 'parameter', 'plain']);
  expect(kinds(({ loader }) => (typeof loader === 'string' ? loader : 'variables'))).toEqual([
    'efi',
    'qemu',
    'u-boot',
    'variables',
  ]);
});

test('areas are read from the log, without those that were not activated', () => {
  const log = `
[    0.000000] Reserved memory: created CMA memory pool at 0x9e800000, size 24 MiB
[    0.000000] OF: reserved mem: initialized node camera, compatible id shared-dma-pool
[    0.000000] Reserved memory: created DMA memory pool at 0x90000000, size 1 MiB
[    0.000000] OF: reserved mem: initialized node vring, compatible id shared-dma-pool
[    0.000000] cma: Reserved 64 MiB at 0x9a000000 on node -1
[    0.100000] cma: CMA area camera could not be activated
`;
  expect(loggedAreas(log)).toEqual([
    { name: 'camera', baseAddress: null, sizeBytes: 0n },
    { name: 'reserved', baseAddress: 0x9a00_0000n, sizeBytes: 64n << 20n },
  ]);
});
