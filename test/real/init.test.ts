/** init on real boards' DTBs: the draft validates, and what it generates agrees with the DTB's own reservations. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { dtbDirectory } from '../../src/build/fetch/index.js';
import { dmaheap } from '../cli/run.js';

const VENDORS = ['amlogic', 'broadcom', 'freescale', 'qcom', 'rockchip', 'ti'];
const PER_VENDOR = 5;
const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-init-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

describe.each(VENDORS)('%s', (vendor) => {
  test('five of its boards', async () => {
    const directory = path.join(await dtbDirectory('arm64', '6.12'), vendor);
    const files = readdirSync(directory).filter((file) => file.endsWith('.dtb'));
    const chosen = files.sort((a, b) => (hash(a) < hash(b) ? -1 : 1)).slice(0, PER_VENDOR);
    expect(chosen).toHaveLength(PER_VENDOR);
    for (const file of chosen) {
      const dtb = path.join(directory, file);
      const profile = path.join(work, `${vendor}-${file}.json`);
      expect(await dmaheap(['init', '--dtb', dtb, '-o', profile]), file).toMatchObject({ exit: 0 });
      const validated = await dmaheap(['validate', profile, '--dtb', dtb, '--kernel', '6.12']);
      expect(validated.stderr, file).not.toContain('error[');
      const out = path.join(work, `${vendor}-${file}`);
      expect(await dmaheap(['generate', profile, '-o', out, '--dtb', dtb, '--kernel', '6.12']), file).toMatchObject({
        exit: 0,
      });
      const placed = await dmaheap(['place', profile, '--dtb', dtb, '--kernel', '6.12', '--format', 'json']);
      const { outcome, heaps, unknown } = JSON.parse(placed.stdout);
      // Without RAM in the DTB the outcome is open, and says so; it is never known to be bad.
      expect(outcome === 'boots' || unknown.length > 0, `${file}: ${outcome}`).toBe(true);
      expect(
        heaps.map((heap: { name: string }) => heap.name),
        file,
      ).toContain('system');
    }
  });
});
