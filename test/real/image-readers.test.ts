/** The same tree in every form that `check --rootfs` reads: one verdict, with the same reasons. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dmaheap } from '../cli/run.js';
import { FORMS, imageWithLinks, prepareForms } from '../differential/image/forms.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-readers-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const profile = path.resolve('schemas/examples/qemu-virt-arm64.json');
let PATH = '';

beforeAll(async () => {
  PATH = await prepareForms(path.join(work, 'bin'));
});

describe.each([3, 8, 14])('image %i', (seed) => {
  const name = `image-${seed}`;
  imageWithLinks(path.join(work, name), seed);
  const check = async (form: string) => {
    const { exit, stdout, stderr } = await dmaheap(['check', profile, '--rootfs', form], work, {
      ...process.env,
      PATH,
    });
    return { exit, stdout, stderr: stderr.replaceAll(`${form}/`, 'image/') };
  };
  test.each(Object.keys(FORMS))('as %s', async (form) => {
    const packed = `${name}.${form}`;
    FORMS[form]?.(path.join(work, name), path.join(work, packed));
    const directory = await check(name);
    expect(directory.stdout).toMatch(/^(?:PASS|FAIL): /m);
    expect(await check(packed)).toEqual(directory);
  });
});
