/** Good nodes and a good area are an answer only where the person does not say, in any words or language, that something is wrong. */
import { expect, test } from 'vitest';
import { diagnose } from '../../src/diagnose/index.js';

const GOOD = `crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/linux,cma
uid=1000(u) gid=1000(u) groups=1000(u),44(video)
CmaTotal:          65536 kB
CmaFree:           60000 kB`;
const answer = (said: string) =>
  diagnose([{ file: 'paste.txt', text: `${said}\n${GOOD}` }]).causes[0]?.id ?? 'undecided';

test.each([
  "l'image reste noire",
  'Das Bild bleibt schwarz',
  'no se ve la imagen',
  'カメラが動きません',
  '카메라가 작동하지 않습니다',
  'камера не показывает изображения',
  'obraz jest czarny',
  'beeld blijft zwart',
  '为什么没有图像',
  'the app gets stuck after the start',
  'it exits immediately',
  'the preview lags badly',
  'it used to work before the update',
  'the pipeline never reaches PLAYING',
  'it dies after 3 seconds',
  'Problem: the screen turns purple',
  'help',
])('%s', (said) => {
  expect(answer(said)).not.toBe('healthy');
});

// A failure that names no reason and no other part: a heap may be behind it, or not.
test.each([
  'cannot start the pipeline',
  'the app crashes',
  'app: error 5',
  'error: -1',
  'recorder: could not start',
  "ERROR: pipeline doesn't want to preroll.",
  'vision: stream error',
  'app[12]: fatal error in decoder init',
  'kms: atomic commit failed',
])('%s: undecided', (said) => {
  expect(answer(said)).toBe('undecided');
});

test.each([
  '',
  'Is this ok?',
  'Does this look right?',
  'Everything works, thanks',
  'just checking my setup',
  'Nov 30 09:01:09 board systemd[1]: Started Camera.',
  'Is my CMA set up correctly?',
])('%s: healthy', (said) => {
  expect(answer(said)).toBe('healthy');
});

test('tables of the kernel and files of a capture are not what a person says', () => {
  const tables = [
    'Node 0, zone   Normal      3      2      1',
    'Max cpu time              unlimited            seconds',
  ];
  expect(answer(tables.join('\n'))).toBe('healthy');
  const zone = { file: 'board.tar/proc/zoneinfo', text: '  per-node stats\nNode 0, zone  Movable\n' };
  const capture = [zone, { file: 'board.tar/machine.txt', text: 'uid 0 with CAP_SYS_ADMIN\n' }];
  expect(diagnose([...capture, { file: 'board.tar/ls.txt', text: GOOD }]).causes[0]?.id).toBe('healthy');
});

test('what only takes writes was not denied to a capture', () => {
  const text = ['free', 'alloc', 'used'].map((name) => `denied /sys/kernel/debug/cma/linux,cma/${name}`).join('\n');
  const asked = diagnose([
    { file: 'board.tar/collected.txt', text: `${text}\ntaken dmesg.txt` },
    { file: 'board.tar/etc/group', text: 'video:x:44:' },
  ]).needs.map(({ what }) => what);
  expect(asked[0]).toBe('what the capture was denied: /sys/kernel/debug/cma/linux,cma/used');
});
