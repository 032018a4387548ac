/** Manual pages say what the program says, and man finds nothing wrong with them. */
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { manualPages } from '../../src/build/manual.js';
import { dmaheap } from '../cli/run.js';

const pages = manualPages();

test.each(Object.keys(pages))('%s: groff has no warning', async (name) => {
  const { stdout, stderr } = await execa('groff', ['-man', '-Tutf8', '-ww', '-z'], { input: pages[name] ?? '' });
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
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
