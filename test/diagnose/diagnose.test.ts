/** `diagnose` on pastes: the first cause is right, says what a person needs, and advises nothing harmful. */
import { describe, expect, test } from 'vitest';
import { diagnose } from '../../src/diagnose/index.js';
import { all } from './all.js';

/** What no fix may advise, whatever the cause. */
const HARMFUL =
  /chmod\s+(?:-R\s+)?(?:0?666|0?777|a\+rw)|\bmknod\b|setenforce 0|SELINUX=(?:permissive|disabled)|apparmor=0|selinux=0|--privileged/;

describe.each(all.map((row, i) => ({ name: `${i} ${row.cause}`, row })))('$name', ({ row }) => {
  const answer = diagnose([{ file: 'paste.txt', text: row.text }]);
  const [cause] = answer.causes;

  test('is named', () => {
    if (row.cause === 'undecided') {
      expect(cause?.id).toBeUndefined();
      expect(answer.needs.length).toBeGreaterThan(0);
    } else expect([row.cause, ...(row.also ?? [])]).toContain(cause?.id);
  });

  test('comes with what helps, and with nothing that harms', () => {
    const said = `${cause?.text ?? ''}\n${cause?.fix ?? ''}\n${JSON.stringify(answer.needs)}\n${JSON.stringify(answer.meanings)}`;
    for (const words of row.says) expect(said).toMatch(words);
    for (const words of [HARMFUL, ...(row.never ?? [])]) expect(cause?.fix ?? '').not.toMatch(words);
  });
});

test('evidence is what was pasted', () => {
  // The colours of a terminal are not evidence.
  const plain = all.filter(({ text }) => !text.includes(String.fromCharCode(27)));
  expect(plain.length).toBeGreaterThan(all.length - 10);
  const invented = plain.flatMap(({ text }) => {
    const seen = text.replaceAll('\r', '');
    return diagnose([{ file: 'paste.txt', text }]).causes.flatMap(({ id, evidence }) =>
      evidence.filter((line) => !seen.includes(line)).map((line) => `${id}: ${line}`),
    );
  });
  expect(invented).toEqual([]);
});

const CMA_NAMES = [
  'linux,cma',
  'reserved',
  'default_cma_region',
  'cma',
  'cma-frames',
  'linux,cma@60000000',
  'camera-cma',
];
const SCATTERED = ['system', 'system  system-uncached', 'system  frames'];
const NOT_FOUND = [
  (name: string) =>
    `$ ls -l /dev/dma_heap/${name}\nls: cannot access '/dev/dma_heap/${name}': No such file or directory`,
  (name: string) => `$ ./app\nopen /dev/dma_heap/${name}: Datei oder Verzeichnis nicht gefunden`,
  (name: string) => `openat(AT_FDCWD, "/dev/dma_heap/${name}", O_RDWR) = -1 ENOENT (No such file or directory)`,
  (name: string) => `FileNotFoundError: [Errno 2] No such file or directory: '/dev/dma_heap/${name}'`,
  (name: string) => `# cat /dev/dma_heap/${name}\ncat: can't open '/dev/dma_heap/${name}': No such file or directory`,
];

test('no fix links the name of a CMA heap to a heap of scattered pages', () => {
  const answers = SCATTERED.flatMap((list) =>
    CMA_NAMES.flatMap((name) =>
      NOT_FOUND.map((message) => diagnose([{ file: 'p', text: `$ ls /dev/dma_heap\n${list}\n${message(name)}` }])),
    ),
  );
  const [fixes, ids] = [
    answers.map(({ causes }) => causes[0]?.fix ?? ''),
    answers.map(({ causes }) => causes[0]?.id ?? 'undecided'),
  ];
  expect(fixes.filter((fix) => /KERNEL=="[^"]*", SYMLINK|\bln -s/.test(fix))).toEqual([]);
  expect([...new Set(ids)]).toEqual(['HEAP_ABSENT', 'VENDOR_HEAP_ABSENT'].filter((id) => ids.includes(id)));
});

/** Free and largest pieces, in pages, beside a request: what the kernel prints below a failed allocation. */
test.each([
  // An alignment or a moment: the numbers do not explain it.
  [100, 2000, 300, undefined],
  [301, 300, 300, 'CMA_EXHAUSTED'],
  [4096, 4095, 4000, 'CMA_EXHAUSTED'],
  [4097, 4096, 4096, 'CMA_TOO_SMALL_FOR_BUDGET'],
  [2000, 2000, 1999, 'CMA_FRAGMENTED'],
  [2000, 1999, 1999, 'CMA_EXHAUSTED'],
])('a request of %i pages with %i free, in pieces of at most %i', (pages, free, largest, id) => {
  const text = `[ 1.0] cma: cma_alloc: linux,cma: alloc failed, req-size: ${pages} pages, ret: -12
[ 1.0] cma: number of available pages: ${largest}@8=> ${free} free of 4096 total pages`;
  expect(idsOf(text)[0]).toBe(id);
});

const idsOf = (text: string) => diagnose([{ file: 'paste.txt', text }]).causes.map(({ id }) => id);
const LOG = /^\[ *\d+\.\d+\] /gm;

/** What mail programs, viewers and daemons write before the lines of others. */
const PREFIXES: readonly (readonly [name: string, write: (text: string) => string])[] = [
  ['a quoted mail', (text) => text.replace(/^/gm, '> ')],
  ['an answer to it', (text) => text.replace(/^/gm, '> > ')],
  ['cat -n', (text) => text.replace(/^/gm, counted(6, '\t'))],
  ['grep -n', (text) => text.replace(/^/gm, counted(0, ':'))],
  ['syslog', (text) => text.replace(LOG, 'Nov 12 09:14:02 kiosk kernel: $&')],
  ['journalctl', (text) => text.replace(LOG, 'Nov 12 09:14:02 kiosk kernel: ')],
  ['journalctl -o short-iso', (text) => text.replace(LOG, '2026-03-02T08:01:11+01:00 edge7 kernel: ')],
];

function counted(width: number, mark: string): () => string {
  let line = 0;
  return () => {
    line += 1;
    return `${line}`.padStart(width) + mark;
  };
}

test.each(PREFIXES)('the cause of a paste is the same behind the prefixes of %s', (_, write) => {
  const changed = all.filter(({ text }) => text.includes('\n') && idsOf(write(text))[0] !== idsOf(text)[0]);
  expect(changed.map(({ text }) => write(text))).toEqual([]);
});

const ALIGNED = '[    0.000000] Reserved memory: incorrect alignment of CMA region';
const SLOTS = '[    0.000000] cma: Not enough slots for CMA reserved regions!';
const NO_AREA = '$ cat /proc/cmdline\nconsole=ttyS2 cma=0 rootwait\n$ ls -l /dev/dma_heap\n';
const DEFAULT_MODE = 'crw------- 1 root root 250, 0 Jun  1 10:00 /dev/dma_heap/system';
const DIRECTORY = 'drwxrwxrwx 2 root root 80 Jan  1  1970 /dev/dma_heap';

test.each([
  [`${ALIGNED}\n${SLOTS}`, ['CMA_DT_REJECTED_ALIGN', 'CMA_DT_REJECTED_SLOTS']],
  [
    `${NO_AREA}${DEFAULT_MODE}\n$ player\nopen /dev/dma_heap/linux,cma: No such file or directory\nopen /dev/dma_heap/system: Permission denied`,
    ['CMA_DISABLED_CMDLINE', 'PERM_DEFAULT_0600'],
  ],
  [`${ALIGNED}\n$ ls -ld /dev/dma_heap\n${DIRECTORY}`, ['CMA_DT_REJECTED_ALIGN', 'PERM_DIRECTORY_OPEN']],
  // The refused node explains why the name is missing.
  [`${ALIGNED}\n$ ls /dev/dma_heap\nreserved\n$ cam\nopen /dev/dma_heap/camera: No such file or directory`, 1],
])('every fault of a paste is named once, and none that another one explains', (text, wanted) => {
  const ids = idsOf(text);
  if (typeof wanted === 'number') expect(ids).toHaveLength(wanted);
  else expect(ids).toEqual(wanted);
});
