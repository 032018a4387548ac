/**
 * The verifier on booted kernels: healthy guests must pass, and every injected fault must end in its own diagnosis.
 * `npm run test:guests -- [--short] [--only TEXT] [--kernel NAME] [--console]`, --short: what CI runs. Exit status: 0 all as expected, 1 not, 3 an input is missing.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execa } from 'execa';
import { buildStaticFor } from '../../src/build/native.js';
import type { VerifyReport } from '../../src/verify/index.js';
import { initramfs } from '../e2e/guest.js';
import type { Machine } from '../e2e/machine.js';
import { baseDtb, runGuest } from '../e2e/qemu.js';
import type { Board, Case } from './board.js';
import { BOARDS } from './cases.js';
import { type GuestKernel, guestKernel } from './kernels.js';
import { nodeFiles } from './node-guest.js';
import { programFiles } from './programs.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    kernel: { type: 'string' },
    console: { type: 'boolean', default: false },
  },
});

/** Those that the lab's own short run builds too. */
const KERNELS_IN_CI = ['arm64-6.12', 'arm64-7.3', 'debian-amd64', 'debian-arm64'];

const NODE_ARCH = { arm64: 'arm64', arm: 'arm', riscv64: 'riscv64', x86_64: 'x64' } as const;

/** What every guest has: two users, one group, and the kernel's configuration where distributions put it. */
const SET_UP = `
mkdir -p /boot /root
cp /kernel.config /boot/config-$(uname -r)
begin() { echo "@@CASE $1"; }
verify() { dmaheap-verify --json --no-timing "$@"; echo; echo "@@EXIT $?"; }
settle() { chmod 0660 /dev/dma_heap/*; chown 0:44 /dev/dma_heap/*; }
release() { [ -z "$holder" ] || { kill -9 $holder; wait $holder 2>/dev/null; holder=; }; }
take() { hold "$@" >/tmp/held & holder=$!; until grep -q held /tmp/held 2>/dev/null; do sleep 0.1; done; cat /tmp/held; rm /tmp/held; }
settle
`.replace('echo; echo "@@EXIT $?"', 'status=$?; echo; echo "@@EXIT $status"');

async function guestProgram(name: string, machine: Machine, directory: string): Promise<string> {
  const program = path.join(directory, `${name}-${machine.arch}`);
  const source = new URL(`guest/${name}.c`, import.meta.url).pathname;
  await execa(`${machine.kbuild.crossCompile}gcc`, ['-Os', '-static', '-s', '-Wall', '-Werror', '-o', program, source]);
  return program;
}

async function treeOf(board: Board, machine: Machine, directory: string): Promise<string | undefined> {
  const base = await baseDtb({ machine, memoryMiB: board.memoryMiB });
  if (base === undefined || board.reservedMemory === undefined) return base;
  const source = path.join(directory, 'overlay.dtso');
  const merged = path.join(directory, 'merged.dtb');
  await writeFile(
    source,
    `/dts-v1/;\n/plugin/;\n&{/} { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n${board.reservedMemory}\n}; };\n`,
  );
  await execa('dtc', ['-q', '-@', '-I', 'dts', '-O', 'dtb', '-o', `${source}.dtbo`, source]);
  await execa('fdtoverlay', ['-i', base, '-o', merged, `${source}.dtbo`]);
  return merged;
}

interface Outcome {
  readonly name: string;
  readonly figures: readonly string[];
  readonly wrong: readonly string[];
}

/** One boot runs all cases of a board, one after the other. */
async function runBoard(board: Board, kernel: GuestKernel, cases: readonly Case[]): Promise<readonly Outcome[]> {
  const { machine } = kernel;
  const directory = await mkdtemp(path.join(os.tmpdir(), 'dmaheap-guests-'));
  try {
    const files: Record<string, string> = {
      'bin/dmaheap-verify': await buildStaticFor(NODE_ARCH[machine.arch]),
      'bin/hold': await guestProgram('hold', machine, directory),
      'bin/opens': await guestProgram('opens', machine, directory),
      'kernel.config': kernel.config,
      ...Object.fromEntries(kernel.modules.map((file) => [`lib/${path.basename(file)}`, file])),
      ...(board.node ? await nodeFiles(machine.arch) : {}),
      ...(await board.files?.(machine)),
      ...(board.programs ? await programFiles(machine, directory) : {}),
    };
    const text = async (inside: string, content: string) => {
      const file = path.join(directory, inside.replaceAll('/', '_'));
      await writeFile(file, content);
      files[inside] = file;
    };
    await text('etc/passwd', 'root:x:0:0::/root:/bin/sh\ncam:x:1000:1000::/:/bin/sh\nguest:x:1001:1001::/:/bin/sh\n');
    await text('etc/group', 'root:x:0:\nvideo:x:44:cam\ncam:x:1000:\nguest:x:1001:\n');
    await text('verify.expect', board.expect);
    for (const one of cases) if (one.expect) await text(`${one.name}.expect`, one.expect);
    const run = cases.map(
      (one) =>
        `begin '${one.name}'\n${one.script.replaceAll('$EXPECT', one.expect ? `'/${one.name}.expect'` : '/verify.expect')}\n`,
    );
    const initrd = await initramfs(machine, { files, run: SET_UP + run.join('') });
    const boot = {
      machine,
      image: kernel.image,
      initrd,
      dtb: await treeOf(board, machine, directory),
      memoryMiB: board.memoryMiB,
      cmdline: board.cmdline ?? '',
      silenceSeconds: board.silenceSeconds ?? 120,
      options: board.disk ? ['-drive', `file=${await board.disk(machine)},format=raw,if=virtio,snapshot=on`] : [],
    };
    const { console: output, ending } = await runGuest(boot);
    if (values.console) process.stdout.write(output);
    return cases.map((one) => ({
      name: `${kernel.name} ${board.name}: ${one.name}`,
      wrong: judge(one, output, ending),
      figures: one.prints
        ? (one.shows ?? []).flatMap((text) => text.exec(partOf(one, output) ?? '')?.[0].trim() ?? [])
        : [],
    }));
  } finally {
    await rm(directory, { recursive: true });
  }
}

const ajv = new Ajv2020({ allowUnionTypes: true });
const JSON_START = /^\{"schemaVersion"/m;

/** Where an output differs from its shipped schema. */
function unlike(name: 'report' | 'owners' | 'bench', output: unknown): readonly string[] {
  const file = new URL(`../../schemas/${name}.schema.json`, import.meta.url);
  const valid = ajv.getSchema(`urn:dmaheap:${name}:1`) ?? ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
  return valid(output) ? [] : [`not as ${name}.schema.json says: ${ajv.errorsText(valid.errors)}`];
}

const partOf = (one: Case, output: string) =>
  output.split(`@@CASE ${one.name}\n`)[1]?.split(/^@@(?:CASE|SECTION) /m)[0];

function judge(one: Case, output: string, ending: string): readonly string[] {
  const part = partOf(one, output);
  if (part === undefined) return [`the guest did not come to it (${ending})`];
  if (one.shows)
    return [
      ...one.shows.filter((text) => !text.test(part)).map((text) => `does not show ${text}: ${part}`),
      ...(one.schema
        ? unlike(one.schema, JSON.parse(part.slice(part.search(JSON_START), part.lastIndexOf('}') + 1)))
        : []),
    ];
  const exit = /@@EXIT (\d+)/.exec(part)?.[1];
  const json = /^\{"schemaVersion".*?^\],"incomplete":.*?\],"summary":.*?\}\}$/ms.exec(part)?.[0];
  const wrong: string[] = [];
  if (json === undefined) return [`no report; exit status ${exit}, expected ${one.exit}`];
  const report = JSON.parse(json) as VerifyReport;
  const gaps = report.incomplete.map((gap) => JSON.stringify(gap)).join('; ');
  if (exit !== `${one.exit}`) wrong.push(`exit status ${exit}, expected ${one.exit}${gaps && `; not done: ${gaps}`}`);
  wrong.push(...unlike('report', report));
  if (report.results.length !== report.planned)
    wrong.push(`planned ${report.planned}, reported ${report.results.length}`);
  const failures = report.results.filter((r) => r.status === 'fail' || r.status === 'error');
  const text = failures
    .map((r) => `${r.id}${r.heap ? `[${r.heap}]` : ''} ${r.diagnosis}: ${r.observed} (${r.evidence})`)
    .join('; ');
  for (const wanted of one.diagnoses ?? []) {
    const [id, diagnosis] = wanted.split(' ');
    if (!report.results.some((r) => r.id === id && r.diagnosis === diagnosis)) wrong.push(`no ${wanted}; got: ${text}`);
  }
  const allowed = new Set([...(one.diagnoses ?? []), ...(one.also ?? [])]);
  for (const r of failures)
    if (!allowed.has(`${r.id} ${r.diagnosis}`))
      wrong.push(`unexpected ${r.id} ${r.diagnosis}: ${r.observed} (${r.evidence})`);
  for (const wanted of one.passes ?? []) {
    const [id, heap] = wanted.split('/');
    const about = report.results.filter((r) => r.id === id && (heap === undefined || r.heap === heap));
    if (about.length === 0) wrong.push(`no result of ${wanted}`);
    for (const r of about)
      if (r.status !== 'pass') wrong.push(`${id}${r.heap ? `[${r.heap}]` : ''} is ${r.status}: ${r.observed}`);
  }
  return wrong;
}

interface Task {
  readonly board: Board;
  readonly name: string;
  readonly cases: readonly Case[];
}

function tasks(): readonly Task[] {
  const wanted = (board: Board, one: Case) =>
    !(values.short && one.long) && (!values.only || `${board.name}: ${one.name}`.includes(values.only));
  return BOARDS.flatMap((board) =>
    board.kernels
      .filter((name) => !values.kernel || values.kernel === name)
      .filter((name) => !values.short || (!board.long && KERNELS_IN_CI.includes(name)))
      .map((name) => ({ board, name, cases: board.cases.filter((one) => wanted(board, one)) }))
      .filter(({ cases }) => cases.length > 0),
  );
}

let bad = 0;
let held = 0;
let skipped = 0;

async function run({ board, name, cases }: Task): Promise<void> {
  const kernel = await guestKernel(name);
  const started = performance.now();
  const typed = cases.filter((one) => one.skipped === undefined);
  const outcomes = typed.length === 0 ? [] : await runBoard(board, kernel, typed);
  for (const one of cases.filter((one) => one.skipped !== undefined)) {
    skipped++;
    console.log(`skipped  ${kernel.name} ${board.name}: ${one.name}\n        ${one.skipped}`);
  }
  for (const { name, wrong, figures } of outcomes) {
    if (wrong.length === 0) held++;
    else bad++;
    console.log(`${wrong.length ? 'not ok' : 'ok'}  ${name}`);
    for (const line of [...figures, ...wrong]) console.log(`        ${line}`);
  }
  console.log(`    ${name} ${board.name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

// A guest has one processor, so two of them fill the usual two.
const waiting = tasks().values();
const worker = async () => {
  for (const task of waiting) await run(task);
};
await Promise.all([worker(), worker()]);
console.log(`${held} passed, ${bad} failed, ${skipped} skipped`);
process.exitCode = bad || !held ? 1 : 0;
