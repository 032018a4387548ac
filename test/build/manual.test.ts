/** Manual pages say what the program says, and man finds nothing wrong with them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { manualPages } from '../../src/build/manual.js';
import { verifierHelp } from '../../src/build/verifier-help.js';
import { DIAGNOSES } from '../../src/verify/diagnoses.gen.js';
import { dmaheap } from '../cli/run.js';

const pages = await manualPages();
const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-man-'));
afterAll(() => rmSync(work, { recursive: true }));

test.each(Object.keys(pages))('%s: groff has no warning', async (name) => {
  const { stdout, stderr } = await execa('groff', ['-man', '-Tutf8', '-ww', '-z'], { input: pages[name] ?? '' });
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
});

test.each(Object.keys(pages))('%s: man --warnings says nothing', async (name) => {
  const file = path.join(work, name);
  writeFileSync(file, pages[name] ?? '');
  const { stdout, stderr } = await execa('man', ['--warnings', '-E', 'UTF-8', '-Tutf8', '-l', file], {
    env: { MANPAGER: 'cat', MANWIDTH: '100', LC_ALL: 'C.UTF-8' },
  });
  expect(stderr).toBe('');
  // Bold is a letter struck twice.
  expect(stdout.replaceAll(/.[\b]/g, '')).toContain('DESCRIPTION');
});

test('dmaheap-verify(8) has every option of the program, whose help is what its source says', async () => {
  const page = (pages['dmaheap-verify.8'] ?? '').replaceAll('\\-', '-').replaceAll('\\:', '');
  await execa('make', ['-s', '-C', 'native', `BUILD=${work}/native`]);
  const { stdout: help } = await execa(path.join(work, 'native/dmaheap-verify'), ['--help']);
  expect(verifierHelp().trim()).toBe(help.trim());
  for (const [option] of help.matchAll(/--[a-z][a-z-]+/g)) expect(page).toContain(option);
  const { stdout: catalogue } = await execa(path.join(work, 'native/dmaheap-verify'), ['--catalogue']);
  expect(catalogue).toBe(DIAGNOSES.map(({ id, cause, fix }) => `${id}\n  cause: ${cause}\n  fix: ${fix}`).join('\n'));
  for (const { id } of DIAGNOSES) expect(page).toContain(id);
});

test('every command and option of the help is in the page', async () => {
  const page = (pages['dmaheap.1'] ?? '').replaceAll('\\-', '-').replaceAll('\\:', '');
  const { stdout } = await dmaheap(['--help']);
  const commands = [...(stdout.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name);
  expect(commands.length).toBeGreaterThan(10);
  for (const command of commands.filter((name) => name !== 'help')) {
    expect(page).toContain(`dmaheap ${command}`);
    const { stdout: help } = await dmaheap([command, '--help']);
    for (const [option] of help.matchAll(/--[a-z-]+/g))
      expect(page, command).toContain(option === '--help' ? '' : option);
  }
});
