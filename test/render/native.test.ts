/** The verifier's sources that a target carries: complete, and built by nothing but `make CC=`. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { expect, test } from 'vitest';
import { render } from '../../src/render/index.js';
import { samplePlan } from './sample-plan.js';

test('they are the sources of this repository, and they compile', () => {
  const artifacts = render(samplePlan(), { version: '0.0.0', targets: ['buildroot', 'android'] }).value ?? [];
  const sources = artifacts.filter(({ path: file }) => file.startsWith('buildroot/native/'));
  expect(sources.length).toBeGreaterThan(10);
  const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-native-'));
  try {
    for (const { path: name, text } of sources) {
      expect(text).toBe(readFileSync(name.slice('buildroot/'.length), 'utf8'));
      const file = path.join(directory, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    const native = path.join(directory, 'buildroot/native');
    const program = path.join(native, 'build/dmaheap-verify');
    const make = (...settings: string[]) => {
      execaSync('make', ['-C', native, 'CC=cc', ...settings], { env: { MAKEFLAGS: '' } });
      expect(execaSync(program, ['--version']).stdout).toMatch(/\d+\.\d+/);
      return {
        isStatic: !execaSync('readelf', ['-lW', program]).stdout.includes('INTERP'),
        madeAt: statSync(program).mtimeMs,
      };
    };
    // Static unless told otherwise; another compiler or other flags make everything anew, the same ones nothing.
    expect(make('CFLAGS=-O0').isStatic).toBe(true);
    const dynamic = make('CFLAGS=-O0', 'STATIC=');
    expect(dynamic.isStatic).toBe(false);
    expect(make('CFLAGS=-O0', 'STATIC=')).toEqual(dynamic);
    const object = path.join(native, 'build/core/text.o');
    const { mtimeMs } = statSync(object);
    make('CFLAGS=-O1');
    expect(statSync(object).mtimeMs).toBeGreaterThan(mtimeMs);
    // What this profile expects is understood: 1 says that this machine refutes it, 2 would say usage. Android has its own.
    const expectations = artifacts.filter(({ path: file }) => file.endsWith('verify.expect'));
    expect(expectations).toHaveLength(2);
    for (const { text } of expectations) {
      const file = path.join(directory, 'verify.expect');
      writeFileSync(file, text);
      const run = execaSync(path.join(native, 'build/dmaheap-verify'), ['--expect', file, '--json'], { reject: false });
      expect([0, 1]).toContain(run.exitCode);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 120_000);
