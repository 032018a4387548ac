/** `diagnose` on pastes: the first cause is right, says what a person needs, and advises nothing harmful. */
import { describe, expect, test } from 'vitest';
import { diagnose } from '../../src/diagnose/index.js';
import type { PasteCase } from './cases.js';
import { ACCESS_PASTES } from './pastes-access.js';
import { BOARD_PASTES } from './pastes-boards.js';
import { BUFFER_PASTES } from './pastes-buffers.js';
import { FORUM_PASTES } from './pastes-forum.js';
import { KERNEL_PASTES } from './pastes-kernel.js';
import { MIXED_PASTES } from './pastes-mixed.js';
import { PLAIN_PASTES } from './pastes-plain.js';
import { TERSE_PASTES } from './pastes-terse.js';
import { TOOL_PASTES } from './pastes-tools.js';
import { VENDOR_PASTES } from './pastes-vendors.js';

/** What no fix may advise, whatever the cause. */
const HARMFUL =
  /chmod\s+(?:-R\s+)?(?:0?666|0?777|a\+rw)|\bmknod\b|setenforce 0|SELINUX=(?:permissive|disabled)|apparmor=0|selinux=0|--privileged/;

const all: readonly PasteCase[] = [
  ...KERNEL_PASTES,
  ...ACCESS_PASTES,
  ...BUFFER_PASTES,
  ...TERSE_PASTES,
  ...MIXED_PASTES,
  ...BOARD_PASTES,
  ...FORUM_PASTES,
  ...TOOL_PASTES,
  ...VENDOR_PASTES,
  ...PLAIN_PASTES,
];

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
    const said = `${cause?.text ?? ''}\n${cause?.fix ?? ''}\n${JSON.stringify(answer.needs)}`;
    for (const words of row.says) expect(said).toMatch(words);
    for (const words of [HARMFUL, ...(row.never ?? [])]) expect(cause?.fix ?? '').not.toMatch(words);
  });
});
