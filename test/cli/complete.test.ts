/** Completion: what is offered, and scripts that their shells accept. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { dmaheap } from './run.js';

const offered = async (...words: string[]) =>
  (await dmaheap(['completion', '--line', '--', ...words])).stdout.split('\n').filter((w) => w !== '');

describe('offers', () => {
  test('commands', async () => {
    expect(await offered('val')).toEqual(['validate']);
    expect(await offered('')).toEqual(expect.arrayContaining(['generate', 'place', 'resolve']));
  });
  test('options and their values', async () => {
    expect(await offered('generate', '--ta')).toEqual(['--target']);
    expect(await offered('generate', '--target', 'ud')).toEqual(['udev']);
    expect(await offered('--format', 's')).toEqual(['sarif']);
    expect(await offered('check', 'out', '--arch', 'r')).toEqual(['riscv64']);
  });
  test('regions and heaps of the profile on the line', async () => {
    expect(await offered('explain', 'schemas/examples/rockpro64.json', 'heap:')).toEqual(['heap:system', 'heap:video']);
  });
  test('nothing where a file is wanted, so that the shell offers files', async () => {
    expect(await offered('validate', '')).toEqual([]);
    expect(await offered('place', '--dtb', '')).toEqual([]);
  });
});

test('the bash script is accepted by bash and shellcheck', async () => {
  const { stdout } = await dmaheap(['completion', 'bash']);
  await execa('bash', ['-n'], { input: stdout });
  await execa('shellcheck', ['-'], { input: stdout });
});

test.each(['zsh', 'fish'])('the %s script is accepted by its shell', async (shell) => {
  const { stdout } = await dmaheap(['completion', shell]);
  // A file: fish does not read its script from the socket that Node gives for standard input.
  const dir = await mkdtemp(join(tmpdir(), 'dmaheap-completion-'));
  const judge = async (text: string) => {
    await writeFile(join(dir, 'script'), text);
    return execa(shell, ['-n', join(dir, 'script')], { reject: false });
  };
  try {
    expect(await judge(stdout)).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await judge(`${stdout}\nif (`)).exitCode).not.toBe(0);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('an unknown shell is a usage error', async () => {
  expect((await dmaheap(['completion', 'tcsh'])).exit).toBe(2);
});
