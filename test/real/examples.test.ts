/**
 * Every example of README, pages, help and manual, as it is shown, on Debian's kernel source, configuration and DTB.
 * What cannot run here is listed with its reason, and counted; an example that nobody thought of fails.
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { debianConfig, dtbDirectory, kernelTree } from '../../src/build/fetch/index.js';
import { type Example, everyExample } from '../examples.js';

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap examples ü-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Examples that are not run, by what they are, and why. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [
    /^npm ci && npm run demo$/,
    'would install under the running tests; .ci/run begins with npm ci, and npm test ends with the demo',
  ],
  [/^npm install \.\/dmaheap-[\d.]+\.tgz$/, 'test/build/package.test.ts unpacks the packed one'],
  [
    /^make -C native CC=aarch64-linux-gnu-gcc$/,
    'the cross build is npm run build:native -- --all, which test:guests makes',
  ],
  [/^npm run build:native -- --all$/, 'is typed in the sources; test:guests makes it'],
  [/^make -C native check$/, 'is npm run test:native'],
  [/^(ls -l|grep Cma|zcat) /, 'looks at the running board'],
  [/^dmaheap-verify --bench$/, "measures a board's heaps; test:guests runs it on booted ones"],
];
const IS_ON_BOARD = 'typed on a board: npm run e2e records it from booted guests, test/verify from a made-up machine';

/** Statuses other than 0 that are the right answer. */
const STATUS: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^dmaheap matrix .*--diff /, [1]],
  // As diff(1): something differs.
  [/^dmaheap diff |--diff$|--diff linux-6\.1 rockchip/, [1]],
  // Debian's own configuration has no CMA heap, and the command says so.
  [/^dmaheap check .*--config /, [1]],
  // The log has a cause.
  [/\bdmaheap diagnose\b/, [1]],
  // What the machine of the test has: heaps or none, an addon or none.
  [/^dmaheap(-verify| verify)\b/, [0, 1, 3, 4]],
];

/** Ended after a while, by Ctrl-C, as its description says. */
const ENDLESS = /--watch\b/;

const reasonOf = ({ command, asRoot }: Example) =>
  asRoot ? IS_ON_BOARD : NOT_RUN.find(([pattern]) => pattern.test(command))?.[1];
const examples = await everyExample();
const seen = new Set<string>();
const run = examples.filter((example) => {
  const isNew = !seen.has(example.command) || example.output.length > 0;
  seen.add(example.command);
  return isNew && reasonOf(example) === undefined;
});
const template = path.join(work, 'template');

beforeAll(async () => {
  const bin = path.join(work, 'bin');
  mkdirSync(bin);
  const programs = { dmaheap: 'dist/dmaheap.mjs', 'dmaheap-verify': 'dist/native/host/dmaheap-verify' };
  await execa('make', ['-s', '-C', 'native', 'STATIC=', 'BUILD=../dist/native/host']);
  for (const [name, file] of Object.entries(programs)) symlinkSync(path.resolve(file), path.join(bin, name));
  mkdirSync(path.join(template, 'etc/dmaheap'), { recursive: true });
  mkdirSync(path.join(template, 'etc/bash_completion.d'));
  const inside = (file: string) => path.join(template, file);
  const dtb = path.join(await dtbDirectory('arm64', '6.12'), 'rockchip/rk3399-rockpro64.dtb');
  for (const name of ['my-board.dtb', 'rk3399-rockpro64.dtb']) copyFileSync(dtb, inside(name));
  const config = await debianConfig('arm64', '6.12');
  for (const name of ['.config', 'config-6.12-arm64']) copyFileSync(config, inside(name));
  symlinkSync(await kernelTree('6.12'), inside('linux-6.12'));
  cpSync('schemas', inside('schemas'), { recursive: true });
  // The profile that README shows.
  const shown = /^```jsonc\n(.*?)^```$/ms.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
  for (const name of ['my-board.jsonc', 'other-board.json']) writeFileSync(inside(name), shown);
  writeFileSync(inside('other-board.json'), shown.replace('"count": 6', '"count": 8'));
  const described = '{ "version": "5.10", "description": "rockchip-5.10" }';
  writeFileSync(inside('rockchip.json'), shown.replace(/"kernel": .*\},$/m, `"kernel": ${described},`));
  writeFileSync(inside('fleet.json'), '{ "boards": ["my-board.jsonc"], "kernels": ["6.12", "7.3"] }\n');
  writeFileSync(inside('bsp.cfg'), 'CONFIG_CMA=y\nCONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CMA=y\n');
  const environment = { PATH: `${bin}:${process.env['PATH']}` };
  const made = { cwd: template, env: environment };
  await execa('dmaheap', ['generate', 'my-board.jsonc', '-o', 'out', '--dtb', 'my-board.dtb'], made);
  const locked = ['--kernel-tree', 'linux-6.12', '--base-config', '.config', '--dtb', 'my-board.dtb'];
  await execa('dmaheap', ['generate', 'my-board.jsonc', '-o', 'locked', ...locked, '--lock', 'my-board.lock'], made);
  cpSync(inside('out/verify/verify.expect'), inside('etc/dmaheap/verify.expect'));
  copyFileSync(inside('out/dt-overlay/dmaheap.dtso'), inside('cma.dtso'));
  await execa('dtc', ['-@', '-q', '-I', 'dts', '-O', 'dtb', '-o', 'cma.dtbo', 'cma.dtso'], made);
  copyFileSync(inside('cma.dtbo'), inside('dmaheap.dtbo'));
  const log =
    '[    0.000000] Linux version 6.12.0 (a@b) (gcc) #1\n[    0.000000] OF: reserved mem: incorrect alignment of CMA region\n';
  for (const name of ['dmesg.txt', 'boot.log']) writeFileSync(inside(name), log);
  writeFileSync(inside('cmdline.txt'), 'console=ttyS2 cma=256M\n');
  writeFileSync(inside('meminfo.txt'), 'MemTotal: 1000000 kB\nCmaTotal: 0 kB\nCmaFree: 0 kB\n');
  await execa('tar', ['-cf', 'board.tar', 'dmesg.txt', 'cmdline.txt', 'meminfo.txt'], made);
  // A board answers after a while, and its first line comes alone.
  writeFileSync(path.join(bin, 'ssh'), '#!/bin/sh\nfor line in 1 2; do sleep 0.5; sed -n "$line p" dmesg.txt; done\n');
  chmodSync(path.join(bin, 'ssh'), 0o755);
  for (const name of ['linux-6.12', 'vendor'])
    await execa('dmaheap', ['kernel', 'linux-6.12', '--arch', 'arm64', '-o', `${name}.kernel.json`], made);
  const { stdout } = await execa('dmaheap-verify', ['--json'], { ...made, reject: false });
  writeFileSync(inside('report.json'), stdout);
  mkdirSync(inside('rootfs/etc/udev/rules.d'), { recursive: true });
  copyFileSync(inside('out/udev/70-dmaheap.rules'), inside('rootfs/etc/udev/rules.d/70-dmaheap.rules'));
  writeFileSync(inside('rootfs/etc/group'), 'root:x:0:\nvideo:x:44:camera\n');
  await execa('tar', ['-cf', 'rootfs.tar', '-C', 'rootfs', '.'], made);
  mkdirSync(inside('rules'));
  copyFileSync(inside('out/udev/70-dmaheap.rules'), inside('rules/70-dmaheap.rules'));
  chmodSync(inside('rules'), 0o755);
}, 600_000);

/** Paths of the system become paths of the workspace; nothing else of the line is touched. */
const localised = (command: string) => command.replaceAll('/etc/', 'etc/').replaceAll('/usr/lib/udev/rules.d', 'rules');

test.concurrent.each(run.map((example, i) => [`${example.command} (${example.from})`, example, i] as const))(
  '%s',
  async (_, { command, output }, i) => {
    const directory = path.join(work, `run-${i}`);
    cpSync(template, directory, { recursive: true, verbatimSymlinks: true });
    // What was generated with the lock belongs to the examples that give it.
    if (/ check .*--lock/.test(` ${command}`)) {
      rmSync(path.join(directory, 'out'), { recursive: true });
      cpSync(path.join(directory, 'locked'), path.join(directory, 'out'), { recursive: true });
    } else rmSync(path.join(directory, 'my-board.lock'));
    if (/ (init|import) /.test(command)) rmSync(path.join(directory, 'my-board.jsonc'));
    if (/ generate .* --kernel-tree/.test(` ${command}`)) rmSync(path.join(directory, 'out'), { recursive: true });
    const line = ENDLESS.test(command) ? `timeout -s INT 3 ${localised(command)}` : localised(command);
    const { exitCode, stdout, stderr } = await execa('sh', ['-c', line], {
      cwd: directory,
      env: { PATH: `${path.join(work, 'bin')}:${process.env['PATH']}` },
      reject: false,
    });
    const allowed = ENDLESS.test(command)
      ? [124, 130]
      : (STATUS.find(([pattern]) => pattern.test(command))?.[1] ?? [0]);
    expect({ command, exitCode, stderr: allowed.includes(exitCode ?? -1) ? '' : stderr }).toEqual({
      command,
      exitCode: allowed.includes(exitCode ?? -1) ? exitCode : allowed[0],
      stderr: '',
    });
    let from = 0;
    const lines = stdout.split('\n');
    for (const shown of output) {
      const found = lines.indexOf(shown, from);
      expect(found, `"${shown}" is not in what it prints:\n${stdout}`).toBeGreaterThanOrEqual(0);
      from = found + 1;
    }
    rmSync(directory, { recursive: true });
  },
);

test('what is not run is declared, and what is declared is there', () => {
  const skipped = examples.filter((example) => reasonOf(example) !== undefined);
  for (const example of skipped) console.log(`NOT RUN ${example.from}: ${example.command}: ${reasonOf(example)}`);
  console.log(`${run.length} examples run, ${skipped.length} not run`);
  for (const [pattern] of NOT_RUN)
    expect(
      skipped.some(({ command }) => pattern.test(command)),
      String(pattern),
    ).toBe(true);
  expect(run.length).toBeGreaterThan(45);
});
