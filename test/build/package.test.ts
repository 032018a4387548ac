/** The package as npm would publish it: its content, its entries and types, and every example of docs/library.md, run. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bill } from '../../src/build/notices.js';
import { noticesIn } from '../../src/cli/notices.js';
import { cellsValue, makeFdt, stringsValue, writeFdt } from '../../src/fdt/index.js';
import { writeTinyKernel } from '../kconfig/tiny-kernel.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap package ü-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const installed = path.join(work, 'node_modules/dmaheap');
let tarball = '';
let files: string[] = [];

const PROFILE = `{
  "version": 1,
  "name": "board",
  "board": {
    "arch": "arm64", "cells": { "address": 2, "size": 2 },
    "memory": [{ "base": "0x4000_0000", "size": "1G" }]
  },
  "kernel": { "version": { "min": "6.1", "max": "7.3" } },
  "regions": { "linux,cma": { "size": "256M", "default": true } },
  "heaps": { "camera": { "region": "linux,cma", "aliases": ["linux,cma"] } },
  "access": { "camera": { "group": "video", "mode": "0660" } }
}
`;

function writeBoard(): void {
  const root = { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) };
  const pool = {
    name: 'linux,cma',
    properties: {
      compatible: stringsValue('shared-dma-pool'),
      reusable: new Uint8Array(),
      'linux,cma-default': new Uint8Array(),
      size: cellsValue(0, 0x8000000),
    },
  };
  const memory = {
    name: 'memory@40000000',
    properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x40000000, 0, 0x40000000) },
  };
  const reserved = {
    name: 'reserved-memory',
    properties: { ...root, ranges: new Uint8Array() },
    children: [pool],
  };
  const tree = makeFdt({ name: '', properties: { ...root }, children: [memory, reserved] });
  writeFileSync(path.join(work, 'board.dtb'), writeFdt(tree));
}

beforeAll(() => {
  // Without scripts: `prepare` would build again what npm ci has built.
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--silent', '--pack-destination', work], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as { filename: string; files: { path: string }[] }[];
  tarball = path.join(work, packed?.filename ?? '');
  files = packed?.files.map((file) => file.path) ?? [];
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  symlinkSync(path.resolve('node_modules/@types'), path.join(work, 'node_modules/@types'));
  writeFileSync(path.join(work, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(path.join(work, 'board.json'), PROFILE);
  writeBoard();
  writeTinyKernel(path.join(work, 'linux'));
  mkdirSync(path.join(work, 'empty-root'));
}, 120_000);

test('every package that is bundled has its notice', () => {
  const notices = readFileSync(path.join(installed, 'dist/THIRD-PARTY-NOTICES'), 'utf8');
  const bill = JSON.parse(readFileSync(path.join(installed, 'dist/dmaheap.cdx.json'), 'utf8')) as Bill;
  const listed = new Set(
    (bill.components ?? []).map(({ group, name }) => (group === undefined ? name : `${group}/${name}`)),
  );
  // The library is not minified, so its text names each bundled file: a second witness beside the bill.
  const text = files
    .filter((file) => /^dist\/[^/]+\.js$|^dist\/chunks\//.test(file))
    .map((file) => readFileSync(path.join(installed, file), 'utf8'))
    .join('\n');
  const bundled = new Set(
    [...text.matchAll(/^\s*\/\/ node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm)].map(([, name]) => name as string),
  );
  expect([...bundled]).toContain('handlebars');
  expect([...bundled].filter((name) => !listed.has(name))).toEqual([]);
  for (const name of listed) expect(notices).toContain(`\n${name} `);
  expect(noticesIn(readFileSync(path.join(installed, 'dist/dmaheap.mjs'), 'utf8'))).toBe(notices);
});

test('holds what it needs and nothing else', () => {
  expect(files).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'dist/dmaheap.mjs',
      'dist/index.js',
      'dist/kconfig.js',
      'dist/fdt.js',
      'dist/man/dmaheap.1',
      'dist/man/dmaheap-profile.5',
      'dist/man/dmaheap-verify.8',
      'dist/types/src/index.d.ts',
      'docs/library.md',
      'docs/programs/heap-share.c',
      'schemas/kernels/rockchip-5.10.kernel.json',
      'native/core/verify.c',
      'schemas/profile.schema.json',
      'templates/udev/target.json',
    ]),
  );
  expect(
    files.filter(
      (file) =>
        /\.(o|a|d|log|tgz)$|(^|\/)(test|src|node_modules|packed)\//.test(file.replace('types/src/', '')) &&
        !file.endsWith('.d.ts'),
    ),
  ).toEqual([]);
  expect(files.filter((file) => /^\.|\.env|\.ts$/.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
  // Handlebars, ajv and the rest are in the bundle.
  expect(JSON.parse(readFileSync('package.json', 'utf8')).dependencies ?? {}).toEqual({});
});

test('publint has nothing to say', async () => {
  const { messages } = await publint({ pkgDir: installed, level: 'suggestion', strict: true, pack: false });
  expect(messages).toEqual([]);
});

test('are the types wrong? No, in every way of resolving that an ES module has', async () => {
  const { stdout } = await execa('node_modules/.bin/attw', [tarball, '--profile', 'esm-only', '--format', 'json'], {
    reject: false,
  });
  const { analysis, problems } = JSON.parse(stdout);
  const named = ['.', './fdt', './kconfig', './kernels/*', './package.json', './schema'];
  expect(Object.keys(analysis.entrypoints).sort()).toEqual(named);
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(Object.keys(exports).sort()).toEqual(named);
  // CommonJS and resolvers from before `exports` are not served: the package says "type": "module".
  const served = Object.values(problems as Record<string, { kind: string; resolutionKind?: string }[]>)
    .flat()
    .filter(({ resolutionKind }) => !['node10', 'node16-cjs'].includes(resolutionKind ?? ''));
  expect(served).toEqual([]);
});

test('is ready to be published with provenance', () => {
  const { publishConfig, engines, license, version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(publishConfig).toEqual({ access: 'public', provenance: true });
  expect({ engines, license }).toEqual({ engines: { node: '^20.19.0 || >=22.3.0' }, license: 'MIT' });
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test('the command runs from the package alone', async () => {
  const { stdout } = await execa(
    process.execPath,
    [path.join(installed, 'dist/dmaheap.mjs'), 'validate', 'board.json'],
    {
      cwd: work,
    },
  );
  expect(stdout).toMatch(/^board\.json: good\nPASS: /);
});

describe('docs/library.md', () => {
  const text = readFileSync('docs/library.md', 'utf8');
  const examples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);

  test('has an example for everything that it documents', () => {
    expect(examples.length).toBe(7);
    for (const name of [
      'readProfile',
      'makePlan',
      'render',
      'check',
      'predict',
      'verifySystem',
      'dmaheap/kconfig',
      'dmaheap/fdt',
    ])
      expect(
        examples.some((code) => new RegExp(`import [^;]*\\b${name}\\b`, 's').test(code)),
        name,
      ).toBe(true);
  });

  test('every example has the types it says', async () => {
    for (const [i, code] of examples.entries()) writeFileSync(path.join(work, `example-${i}.ts`), code);
    writeFileSync(
      path.join(work, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          types: ['node'],
        },
      }),
    );
    const tsc = path.resolve('node_modules/typescript/bin/tsc');
    const { stdout } = await execa(process.execPath, [tsc, '-p', work], { reject: false });
    expect(stdout).toBe('');
  });

  test.each(examples.map((code, i) => [/import \{([^}]*)\}/.exec(code)?.[1]?.trim() ?? '', code, i] as const))(
    '%s',
    async (_, code, i) => {
      writeFileSync(path.join(work, `example-${i}.ts`), code);
      const expected = /^\/\/ prints:\n((?:\/\/ .*\n)+)/m
        .exec(code)?.[1]
        ?.replace(/^\/\/ /gm, '')
        .trim();
      const { stdout } = await execa(process.execPath, ['--import', import.meta.resolve('tsx'), `example-${i}.ts`], {
        cwd: work,
      });
      expect(stdout).toBe(expected);
    },
  );
});
