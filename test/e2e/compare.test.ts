/** The lab's own judgement, on boots made up so that each kind of answer occurs: a lab that cannot say "wrong" proves nothing. */
import { describe, expect, test } from 'vitest';
import type { Prediction } from '../../src/placement/index.js';
import { boot, DEFAULT, MIB, pool, size } from '../placement/board.js';
import { compare } from './compare.js';
import { missingLines } from './kernel.js';
import { observe } from './observe.js';
import { randomCases } from './random.js';

const MESSAGE = 'Reserved memory: created CMA memory pool at 0x5c000000, size 64 MiB';
const report = (status: string, verdict: string) =>
  `{"id":"alloc.page","heap":"linux,cma","status":"${status}","diagnosis":null,"observed":""},
{"id":"alloc.page","heap":"system","status":"pass","diagnosis":null,"observed":""},
],"summary":{"verdict":"${verdict}"}}`;

/** What a guest of `default area of 64 MiB` prints, with one thing changed. */
function guest(change: (console: string) => string = (text) => text) {
  const text = `${MESSAGE}
@@SECTION heaps
600 0 0 /dev/dma_heap/linux,cma
600 0 0 /dev/dma_heap/system
@@SECTION meminfo
CmaTotal:          65536 kB
@@SECTION areas
${0x5c000} 16384 linux,cma
@@SECTION iomem
@@SECTION allocate
linux,cma ok
system ok
@@SECTION verify
${report('pass', 'pass')}
@@SECTION messages
@@END
`;
  return observe({ console: change(text), ending: 'ended' }, 4096n);
}

const predicted = boot({ nodes: pool('linux,cma', size(64 * MIB) + DEFAULT) });
const judged = (seen = guest(), prediction: Prediction = predicted) => compare(prediction, seen, [], false);
const wrong = (...known: Parameters<typeof judged>) =>
  judged(...known)
    .filter(({ status }) => status === 'wrong')
    .map(({ field }) => field);

describe('a guest against its prediction', () => {
  test('what is as predicted is right, field by field', () => {
    expect(wrong()).toEqual([]);
    expect(judged().length).toBeGreaterThan(9);
  });

  test.each([
    ['a missing message', (text: string) => text.replace(MESSAGE, ''), ['log pool-created']],
    ['another address', (text: string) => text.replace(`${0x5c000} `, `${0x5b000} `), ['linux,cma base']],
    ['another size', (text: string) => text.replace(' 16384 ', ' 8192 '), ['linux,cma size']],
    ['another CmaTotal', (text: string) => text.replace('65536', '32768'), ['cmaTotalBytes']],
    ['a heap of another name', (text: string) => text.replaceAll('/linux,cma', '/reserved'), ['heaps']],
    [
      'a heap that cannot allocate',
      (text: string) => text.replace('linux,cma ok', 'linux,cma allocate 12'),
      ['heap linux,cma'],
    ],
    [
      'a verifier that finds a fault',
      (text: string) => text.replace(report('pass', 'pass'), report('fail', 'fail')),
      ['verifier on linux,cma', 'verifier verdict'],
    ],
    ['no report of the verifier', (text: string) => text.replace(report('pass', 'pass'), ''), ['verifier']],
    [
      'a kernel that dies of what the verifier does',
      (text: string) =>
        text.replace(
          /@@SECTION verify[\s\S]*/,
          '@@SECTION verify\nUnable to handle kernel paging request\nMem abort info:\n',
        ),
      ['outcome', 'verifier'],
    ],
    [
      'an oops that cuts a line of the report',
      (text: string) =>
        text.replace('"heap":"linux,cma"', 'Unable to handle kernel paging request\n"heap":"linux,cma"'),
      ['outcome', 'verifier on linux,cma'],
    ],
    ['a bad page', (text: string) => text.replace('@@END', 'BUG: Bad page state in process init\n@@END'), ['outcome']],
  ])('%s is wrong', (_what, change, fields) => {
    expect(wrong(guest(change))).toEqual(fields);
  });

  test('a guest that falls silent, panics or resets has not booted', () => {
    for (const ending of ['hung', 'exited'] as const)
      expect(wrong(observe({ console: MESSAGE, ending }, 4096n))).toEqual(['outcome']);
  });

  test('what is listed as unknown is not a claim, and names what would decide it', () => {
    const open = { ...predicted, cmaTotalBytes: null, unknown: [{ field: 'cmaTotalBytes', needs: 'a fact' }] };
    const [field] = judged(guest(), open).filter(({ status }) => status === 'unknown');
    expect(field).toMatchObject({ field: 'cmaTotalBytes', needs: 'a fact' });
    expect(wrong(guest(), { ...predicted, cmaTotalBytes: null })).toEqual(['cmaTotalBytes']);
  });

  test('a line that may not be said any more may be missing, and nothing else', () => {
    const open = { ...predicted, unknown: [{ field: 'log[0]', needs: 'how far it gets' }] };
    expect(
      wrong(
        guest((text) => text.replace(MESSAGE, '')),
        open,
      ),
    ).toEqual([]);
    expect(
      wrong(
        guest((text) => `${MESSAGE}\n${text}`),
        open,
      ),
    ).toEqual(['log pool-created']);
  });
});

test('the same seed gives the same boards, another seed others', () => {
  const machine = { arch: 'arm64', qemu: { ramBaseAddress: '0x40000000' } } as never;
  const kernels = [{ name: 'arm64-6.12', machine, granuleMiB: 4 }];
  expect(randomCases(20, 3, kernels)).toEqual(randomCases(20, 3, kernels));
  expect(randomCases(20, 3, kernels)).not.toEqual(randomCases(20, 4, kernels));
});

test('a fragment line that the final .config lost is named; the last request counts', () => {
  const fragment = 'CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=y\n# CONFIG_C is not set\n';
  expect(missingLines(fragment, 'CONFIG_A=y\n')).toEqual([]);
  expect(missingLines(fragment, 'CONFIG_B=y\nCONFIG_C=y\n')).toEqual([
    'CONFIG_A=y',
    'CONFIG_B=n',
    '# CONFIG_C is not set',
  ]);
});
