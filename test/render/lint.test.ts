/**
 * Every artifact of every target goes through the strictest reader of its language: shellcheck, make, dtc, Python, ...
 * A new target is picked up by itself.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIRST_TARGETS } from '../../src/plan/index.js';
import { type Artifact, render, TARGETS } from '../../src/render/index.js';
import { languageOf, readAll, understand } from '../hostile/readers.js';
import { BOARDS, examplePlan } from './examples.js';

const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-lint-'));
afterAll(() => rmSync(directory, { recursive: true }));

const context = { version: '0.0.0', targets: TARGETS.map((target) => target.name) };

/** A tool's objections; empty when it has none. */
const run = (command: string, args: readonly string[]) => {
  const { all, exitCode } = execaSync(command, args, { reject: false, all: true });
  return exitCode === 0 ? '' : `${command}: ${all}`;
};

/** For tools that read one file each: one shell for all files. */
const each = (command: string, files: readonly string[]) => {
  const script = `status=0; for file; do said=$(${command} 2>&1) || { echo "$file: $said"; status=1; }; done; exit $status`;
  return run('sh', ['-c', script, 'sh', ...files]);
};

const LINTS: Readonly<Record<string, (files: readonly string[]) => string>> = {
  sh: (files) => run('shellcheck', ['--severity=style', ...files]),
  bash: (files) => run('shellcheck', ['--severity=style', '--shell=bash', ...files]),
  make: (files) => each(`make -rRnq --warn-undefined-variables -f "$file" -W x --eval 'none: ;' none`, files),
  dts: (files) =>
    each(
      'dtc -I dts -O dtb -o /dev/null "$file"',
      files.filter((file) => file.endsWith('.dtso')),
    ),
  yaml: (files) =>
    run('yamllint', [
      '--strict',
      '-d',
      '{extends: default, rules: {document-start: disable, line-length: {max: 160}}}',
      ...files,
    ]),
  python: (files) => run('python3', ['-m', 'py_compile', ...files]),
};

/** Of every board, each text once: by language, and in it by path and content. */
const written = new Map<string, Artifact[]>();
const seen = new Set<string>();

beforeAll(() => {
  for (const board of BOARDS) {
    const { value, diagnostics } = render(examplePlan(board).plan, context);
    expect(diagnostics).toEqual([]);
    for (const artifact of value ?? []) {
      const language = languageOf(artifact.path);
      // The first lines name the profile by its hash, which changes nothing for a reader.
      const content = `${artifact.path}\n${artifact.text.replace(/\b[0-9a-f]{64}\b/g, '')}`;
      if (language === undefined || seen.has(content)) continue;
      seen.add(content);
      written.set(language, [...(written.get(language) ?? []), artifact]);
    }
  }
  readAll([...written.values()].flat());
});

test('every file says what its language can say', () => {
  expect(written.size).toBeGreaterThan(5);
  for (const artifact of [...written.values()].flat()) {
    const { complaints } = understand(artifact) as { complaints?: string[] };
    expect(complaints?.filter((line) => line !== '') ?? [], artifact.path).toEqual([]);
  }
});

test.each(Object.entries(LINTS))('%s: nothing to object to', (language, lint) => {
  const files = (written.get(language) ?? []).map(({ path: name, text }, i) => {
    const file = path.join(directory, `${i}`, name);
    mkdirSync(path.dirname(file), { recursive: true });
    // OpenWrt's own makefiles come from its checkout; test:targets has stand-ins for them.
    writeFileSync(file, text.replace(/^include \$\((TOPDIR|INCLUDE_DIR)\).*$/gm, ''));
    return file;
  });
  if (language !== 'bash') expect(files.length).toBeGreaterThan(0);
  expect(files.length === 0 ? '' : lint(files)).toBe('');
});

test('text ends its lines, has no white space at their ends and no empty lines at its end', () => {
  for (const { path: name, text } of render(examplePlan('rpi-4-b').plan, context).value ?? []) {
    if (languageOf(name) === undefined) continue;
    expect(text, name).toMatch(/[^\n]\n$/);
    expect(text.match(/[ \t]+$/gm) ?? [], name).toEqual([]);
  }
});

test('scripts can be run', () => {
  // Buildroot's check-package refuses a start script with the mode, because the package installs it with that.
  for (const { path: name, text, mode } of render(examplePlan('rpi-4-b').plan, context).value ?? [])
    expect(mode === 0o755, name).toBe(text.startsWith('#!') && !name.includes('/dmaheap-verify/S15'));
});

test('the audit of a kernel configuration finds what was lost, and only that', () => {
  const artifacts = render(examplePlan('rockpro64').plan, { ...context, targets: ['kbuild'] }).value ?? [];
  const script = artifacts.find((artifact) => artifact.path === 'kbuild/check-config.sh')?.text ?? '';
  const at = (name: string, text: string) => {
    writeFileSync(path.join(directory, name), text);
    return path.join(directory, name);
  };
  const audit = (fragment: string, config: string) => {
    const files = [at('audit.sh', script), at('fragment', fragment), at('config', config)];
    const { exitCode, stderr } = execaSync('sh', files, { reject: false });
    return { exitCode, first: stderr.split('\n')[0]?.replace(`${directory}/`, '') };
  };
  const good = 'CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\nCONFIG_E="a b"\n';
  expect(
    audit('# prose\nCONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\n# CONFIG_D is not set\nCONFIG_E="a b"\n', good),
  ).toEqual({ exitCode: 0, first: '' });
  const lost: readonly (readonly [string, string])[] = [
    ['CONFIG_A=m\nCONFIG_Z=y', 'wanted: CONFIG_Z=y, found: nothing'],
    ['CONFIG_C=y', 'wanted: CONFIG_C=y, found: # CONFIG_C is not set'],
    ['# CONFIG_A is not set\n', 'wanted: # CONFIG_A is not set, found: CONFIG_A=y'],
    ['CONFIG_E="a"', 'wanted: CONFIG_E="a", found: CONFIG_E="a b"'],
  ];
  for (const [fragment, message] of lost)
    expect(audit(fragment, good)).toEqual({ exitCode: 1, first: `dmaheap: config: ${message}` });
  expect(execaSync('sh', [at('audit.sh', script)], { reject: false }).exitCode).toBe(2);
  // The last file wins: what a later fragment changes is not lost.
  const others = [
    at('a=one', 'CONFIG_F=y\nCONFIG_G=y\nCONFIG_A=m\nCONFIG_H=1\n'),
    at('two', '# CONFIG_G is not set\nCONFIG_H=2\n'),
  ];
  const files = [
    at('audit.sh', script),
    at('fragment', 'CONFIG_H=3\n'),
    at('config', `${good}CONFIG_H=3\n`),
    // The first name is one that awk would take for an assignment.
    ...others.map((file) => path.basename(file)),
  ];
  const noted = execaSync('sh', files, { cwd: directory });
  expect(noted.stderr.replaceAll(`${directory}/`, '')).toBe(
    'dmaheap: note: a=one: config: wanted: CONFIG_F=y, found: nothing',
  );
});

/** The commands of a README up to the boot: what stands indented before the part about what comes after it. */
const commandsOf = (readme: string) =>
  (readme.split('After the boot')[0] ?? '').split('\n').filter((line) => /^ {4}\S/.test(line));

test.each(TARGETS.map((target) => target.name).filter((name) => !(FIRST_TARGETS as readonly string[]).includes(name)))(
  '%s: a README leads to a booted board in at most five commands, and says how to verify it',
  (target) => {
    let most = 0;
    for (const board of ['rpi-4-b', 'qemu-x86_64', 'imx8mp-evk']) {
      const { value } = render(examplePlan(board).plan, { ...context, targets: [target] });
      const readme = value?.find((artifact) => artifact.path === `${target}/README.md`)?.text ?? '';
      const commands = commandsOf(readme);
      expect(commands.length, commands.join('\n')).toBeLessThanOrEqual(5);
      expect(readme).toMatch(/dmaheap-verify|test_dmaheap|testimage/);
      most = Math.max(most, commands.length);
    }
    expect(most).toBeGreaterThan(0);
  },
);
