/** The verifier's reports of a board in the formats of CI, and what their readers make of them. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { kernelTree } from '../../src/build/fetch/index.js';
import type { VerifyReport } from '../../src/verify/index.js';
import { runGuest } from '../e2e/qemu.js';
import { guestKernel } from '../native/kernels.js';
import { type BoardName, dtbOf, MEMORY_MIB, reportsRamdisk } from './guest.js';
import { amongEngines } from './root.js';

const SCHEMA = new URL('../cli/junit.xsd', import.meta.url).pathname;

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly skipped: number;
}

export interface Reports {
  readonly junit: string;
  readonly ktap: string;
  readonly json: VerifyReport;
}

/** Boots the board; writes BOARD.junit and BOARD.ktap beside the images. */
export async function reportsOf(directory: string, board: BoardName): Promise<Reports> {
  const { machine, image } = await guestKernel('arm64-6.12');
  const { console: output } = await runGuest({
    machine,
    image,
    initrd: path.join(directory, reportsRamdisk),
    dtb: path.join(directory, dtbOf(board)),
    memoryMiB: MEMORY_MIB,
    cmdline: '',
    silenceSeconds: 120,
  });
  const written = (format: string) => {
    const text = output.split(`@@REPORT ${format}\n`)[1]?.split(/^@@/m)[0];
    if (text === undefined) throw new Error(`${board}: no report as ${format}\n${output.slice(-1000)}`);
    writeFileSync(path.join(directory, `${board}.${format}`), text);
    return text;
  };
  return { junit: written('junit'), ktap: written('ktap'), json: JSON.parse(written('json')) as VerifyReport };
}

/** xmllint with our schema: empty when it is content. */
export async function schemaFindings(file: string): Promise<string> {
  const { exitCode, all } = await execa('xmllint', ['--noout', '--schema', SCHEMA, file], { reject: false, all: true });
  return exitCode === 0 ? '' : all;
}

/** What a reader counts in files of `directory`; what it cannot read is an exception. */
export async function countsOf(
  reader: 'junit' | 'ktap',
  directory: string,
  files: readonly string[],
): Promise<Readonly<Record<string, Counts>>> {
  cpSync(new URL('counts.py', import.meta.url).pathname, path.join(directory, 'counts.py'));
  if (reader === 'ktap')
    cpSync(path.join(await kernelTree('6.12'), 'tools/testing/kunit'), path.join(directory, 'kunit'), {
      recursive: true,
    });
  const { exitCode, all } = await amongEngines(directory, `exec python3 counts.py ${reader} ${files.join(' ')}`);
  if (exitCode !== 0) throw new Error(`${reader}: ${all}`);
  return JSON.parse(all);
}

const same = (what: string, got: unknown, wanted: unknown) =>
  JSON.stringify(got) === JSON.stringify(wanted)
    ? ''
    : `${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}\n`;

/** What both readers must count in the report of a board. */
export async function unlikeReport(directory: string, board: BoardName, { json }: Reports): Promise<string> {
  const { summary } = json;
  const junit = (await countsOf('junit', directory, [`${board}.junit`]))[`${board}.junit`];
  const ktap = (await countsOf('ktap', directory, [`${board}.ktap`]))[`${board}.ktap`];
  const others = summary.skip + summary.unknown + summary.error;
  return [
    await schemaFindings(path.join(directory, `${board}.junit`)),
    same('junitparser, passed and failed', [junit?.passed, junit?.failed], [summary.pass, summary.fail]),
    // JUnit: what is required and was not done is an error, and not a skipped test.
    same('junitparser, the others', (junit?.errors ?? 0) + (junit?.skipped ?? 0), others),
    same('junitparser, errors', (junit?.errors ?? 0) > 0, json.incomplete.length > 0),
    same('kunit_parser', ktap, {
      passed: summary.pass,
      failed: summary.fail + summary.error,
      errors: 0,
      skipped: summary.skip + summary.unknown,
    }),
  ].join('');
}

/** The shards of a matrix must have the cases of the whole, each once. */
export async function unlikeShards(place: string): Promise<string> {
  const shards = readdirSync(path.join(place, '.gitlab-ci-local/builds')).map(
    (build) => `.gitlab-ci-local/builds/${build}/dmaheap.xml`,
  );
  const files = [...shards.filter((file) => existsSync(path.join(place, file))), 'whole.xml'];
  const findings = await Promise.all(files.map((file) => schemaFindings(path.join(place, file))));
  const { 'whole.xml': whole, ...parts } = await countsOf('junit', place, files);
  const sum = (key: keyof Counts) => Object.values(parts).reduce((total, counts) => total + counts[key], 0);
  const summed = { passed: sum('passed'), failed: sum('failed'), errors: sum('errors'), skipped: sum('skipped') };
  return [...findings, same('the sum of the shards', summed, whole)].join('');
}

/** A schema and a reader that accept everything prove nothing. */
export async function acceptsBroken(directory: string, board: BoardName): Promise<string> {
  const text = readFileSync(path.join(directory, `${board}.junit`), 'utf8');
  const broken = (name: string, changed: string) => {
    if (changed === text) throw new Error(`nothing to break for ${name}`);
    writeFileSync(path.join(directory, name), changed);
    return path.join(directory, name);
  };
  const wrongRoot = broken('root.junit', text.replace('<testsuites', '<testsuites skipped="1"'));
  const noCount = broken('count.junit', text.replace(/(<testsuite .*?) failures="\d+"/, '$1'));
  broken(
    'sum.junit',
    text.replace(/ tests="(\d+)" failures/, (_, n) => ` tests="${Number(n) + 1}" failures`),
  );
  const counted = await countsOf('junit', directory, ['sum.junit']).then(
    () => 'junitparser accepts a wrong sum\n',
    () => '',
  );
  return [
    (await schemaFindings(wrongRoot)) === '' ? 'the schema accepts a count that testsuites does not have\n' : '',
    (await schemaFindings(noCount)) === '' ? 'the schema accepts a testsuite without a count\n' : '',
    counted,
  ].join('');
}
