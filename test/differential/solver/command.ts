/** The commands on a real tree: what they print, what they answer with, and what conf says to it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { dmaheap } from '../../cli/run.js';
import type { JudgedTree } from './judged.js';

interface Step {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exit: number;
  /** What stdout must match. */
  readonly prints: RegExp;
  /** What stderr must match. */
  readonly says?: RegExp;
}

const isResolution = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('schemas/resolve.schema.json', 'utf8')),
);
const FRAGMENT = 'CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CMA=y\n';

/** Written for 6.12 arm64. @returns what is wrong */
export async function checkCommands(judged: JudgedTree): Promise<string[]> {
  const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-solver-'));
  const wrong: string[] = [];
  try {
    const base = path.join(work, 'base.config');
    writeFileSync(base, await judged.defconfig(), 'latin1');
    const on = ['--kernel-tree', judged.subject.directory, '--base-config', base];
    const output = path.join(work, 'out.cfg');
    const arch = (name: string) => ['--arch', name];
    const steps: Step[] = [
      {
        name: 'resolve, confirmed by conf',
        argv: ['resolve', 'DMABUF_HEAPS_CMA=y', ...on, ...arch('aarch64'), '--probes', 'run', '--confirm'],
        exit: 0,
        says: /^confirmed by the conf of 6\.12 arm64$/m,
        prints: new RegExp(`^${FRAGMENT}\n# 3 lines of \\.config change:\n`),
      },
      {
        name: 'resolve as json',
        argv: ['resolve', 'DMABUF_HEAPS_CMA=y', ...on, ...arch('arm64'), '--format', 'json'],
        exit: 0,
        prints: /"lines": \[\s+"CONFIG_DMABUF_HEAPS=y",\s+"CONFIG_DMABUF_HEAPS_CMA=y"\s+\]/,
      },
      {
        name: 'resolve a profile into a file',
        argv: ['resolve', 'schemas/examples/qemu-virt-arm64.json', ...on, '-o', output],
        exit: 0,
        prints: /DMABUF_HEAPS_SYSTEM: - -> y, requested/,
      },
      {
        name: 'resolve from the defconfig of the tree',
        argv: ['resolve', 'DMABUF_HEAPS_CMA=y', '--kernel-tree', judged.subject.directory, '--arch', 'arm64'],
        exit: 0,
        prints: new RegExp(`^${FRAGMENT}`),
      },
      {
        name: 'what is not possible is 1 and names the place',
        argv: ['resolve', 'DMABUF_HEAPS_CMA=m', ...on, ...arch('arm64')],
        exit: 1,
        prints:
          /^DMABUF_HEAPS_CMA=m is not possible:\n {4}drivers\/dma-buf\/heaps\/Kconfig:\d+: DMABUF_HEAPS_CMA is bool/,
      },
      {
        name: 'no goal is 2',
        argv: ['resolve', 'DMABUF_HEAPS_CMA', 'X=y', ...on, ...arch('arm64')],
        exit: 2,
        prints: /^$/,
      },
      { name: 'no architecture is 2', argv: ['resolve', 'X=y', ...on, ...arch('z80')], exit: 2, prints: /^$/ },
      {
        name: 'no tree is 3',
        argv: ['resolve', 'X=y', '--kernel-tree', work, '--arch', 'arm64'],
        exit: 3,
        prints: /^$/,
      },
      {
        name: 'explain',
        argv: ['explain', 'DMABUF_HEAPS_CMA', ...on, ...arch('arm64'), '--why-not', 'y'],
        exit: 0,
        prints:
          /^DMABUF_HEAPS_CMA is n \(bool\)[\s\S]*DMABUF_HEAPS is n[\s\S]*DMABUF_HEAPS_CMA=y takes:\n {4}CONFIG_DMABUF_HEAPS=y\n/,
      },
      {
        name: 'explain as json',
        argv: ['explain', 'MIGRATION', ...on, ...arch('arm64'), '--format', 'json'],
        exit: 0,
        prints: /"origin": "select"[\s\S]*"selectedBy"/,
      },
      {
        name: 'explain what is not there',
        argv: ['explain', 'DMABUF_HEAP', ...on, ...arch('arm64')],
        exit: 1,
        prints: /^$/,
      },
      {
        name: 'generate on the tree',
        argv: ['generate', 'schemas/examples/qemu-virt-arm64.json', '-o', path.join(work, 'out'), ...on],
        exit: 0,
        prints: /lines of \.config change/,
      },
    ];
    for (const { name, argv, exit, prints, says } of steps) {
      const said = await dmaheap(argv, process.cwd(), process.env);
      if (said.exit !== exit) wrong.push(`${name}: ${said.exit} instead of ${exit}: ${said.stderr}`);
      else if (!prints.test(said.stdout)) wrong.push(`${name} prints\n${said.stdout}`);
      else if (says?.test(said.stderr) === false) wrong.push(`${name} says\n${said.stderr}`);
      else if (argv[0] === 'resolve' && argv.includes('json') && !isResolution(JSON.parse(said.stdout)))
        wrong.push(`${name}: ${JSON.stringify(isResolution.errors)}`);
    }
    const fragment = readFileSync(output, 'utf8');
    const lines = fragment.split('\n').filter((line) => line.startsWith('CONFIG_'));
    if (lines.join() !== [...lines].sort().join() || lines.length !== 3) wrong.push(`-o wrote\n${fragment}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return wrong;
}
