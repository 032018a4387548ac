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
