/** Judges of single files, whatever target they belong to: each must also refuse a file that is broken on purpose. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Language } from '../../src/lang/index.js';
import { objections, remarks, trixieUdevadm } from './tools.js';
import { runUnit } from './unit.js';

export interface FileJudge {
  readonly name: string;
  readonly languages: readonly Language[];
  /** Of the files of these languages, those it reads; absent: all. */
  readonly reads?: (file: string) => boolean;
  readonly judge: (files: readonly string[], scratch: string) => Promise<string>;
  /** What it must refuse, or its silence about ours means nothing. */
  readonly broken: { readonly name: string; readonly text: string };
}

const oneByOne = (judge: (file: string) => Promise<string>) => async (files: readonly string[]) => {
  const said: string[] = [];
  for (const file of files) said.push(await judge(file));
  return said.filter((text) => text !== '').join('\n');
};

const isUnit = (file: string) => /\.(service|socket|path|timer)$/.test(file);

export const FILE_JUDGES: readonly FileJudge[] = [
  {
    name: 'shellcheck',
    languages: ['sh', 'bash'],
    judge: (files) => objections('shellcheck', ['--severity=style', ...files]),
    broken: { name: 'broken.sh', text: '#!/bin/sh\nif [ $1 = x ]; then echo $2\n' },
  },
  {
    name: 'dtc',
    languages: ['dts'],
    reads: (file) => file.endsWith('.dtso'),
    judge: oneByOne((file) => remarks('dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-o', '/dev/null', file])),
    broken: { name: 'broken.dtso', text: '/dts-v1/;\n/ { x = <1> }\n' },
  },
  {
    name: 'udevadm verify (257)',
    languages: ['udev'],
    judge: async (files) => {
      const [loader, ...command] = await trixieUdevadm();
      return objections(loader, [...command, 'verify', '--resolve-names=never', ...files]);
    },
    broken: { name: 'broken.rules', text: 'SUBSYSTEM=="dma_heap", GROUP=="video"\n' },
  },
  {
    name: 'systemd-sysusers --dry-run',
    languages: ['sysusers'],
    judge: async (files, scratch) => objections('systemd-sysusers', ['--dry-run', `--root=${scratch}`, ...files]),
    broken: { name: 'broken.conf', text: 'g video x y z\n' },
  },
  {
    name: 'systemd-analyze verify',
    languages: ['ini'],
    reads: isUnit,
    judge: oneByOne(verifyUnit),
    broken: { name: 'broken.service', text: '[Service]\nTipe=oneshot\nExecStart=/usr/bin/dmaheap-verify\n' },
  },
  {
    name: 'systemd runs the unit',
    languages: ['ini'],
    reads: (file) => file.endsWith('.service'),
    judge: oneByOne(runUnit),
    broken: {
      // systemd opens the standard output before it makes the directory: 209/STDOUT
      name: 'broken-output.service',
      text: `[Service]
Type=oneshot
RemainAfterExit=yes
RuntimeDirectory=dmaheap
RuntimeDirectoryPreserve=yes
StandardOutput=truncate:/run/dmaheap/report.json
ExecStart=/usr/bin/dmaheap-verify --expect /etc/dmaheap/verify.expect --wait 10 --format json
`,
    },
  },
  {
    name: 'py_compile',
    languages: ['python'],
    judge: (files) =>
      objections('python3', [
        '-I',
        '-c',
        'import sys\nfor f in sys.argv[1:]: compile(open(f).read(), f, "exec")',
        ...files,
      ]),
    broken: { name: 'broken.py', text: 'def f(:\n' },
  },
  {
    name: 'yamllint',
    languages: ['yaml'],
    judge: (files) =>
      objections('yamllint', ['-s', '-d', '{extends: relaxed, rules: {line-length: disable}}', ...files]),
    broken: { name: 'broken.yml', text: 'a: [1\n' },
  },
  {
    name: 'nix-instantiate --parse',
    languages: ['nix'],
    judge: (files, scratch) => objections('nix-instantiate', ['--parse', ...files], { env: nixIn(scratch) }),
    broken: { name: 'broken.nix', text: '{ a = "x; }\n' },
  },
];

/** Nix keeps its state where nobody has to be root; it downloads nothing to read a file. */
export const nixIn = (scratch: string) => ({
  NIX_STATE_DIR: path.join(scratch, 'nix'),
  NIX_CONFIG: 'build-users-group =',
});

/** In a root of its own: the targets that a unit hangs on are there, and so is the program it starts. */
async function verifyUnit(file: string): Promise<string> {
  const root = `${file}.root`;
  const units = path.join(root, 'usr/lib/systemd/system');
  mkdirSync(units, { recursive: true });
  for (const target of ['basic', 'sysinit', 'shutdown', 'multi-user', 'local-fs'])
    writeFileSync(path.join(units, `${target}.target`), '[Unit]\nDescription=stand-in\n');
  const text = readFileSync(file, 'utf8');
  const program = /^ExecStart=(\S+)/m.exec(text)?.[1] ?? '';
  mkdirSync(path.join(root, path.dirname(program)), { recursive: true });
  if (!existsSync(path.join(root, program))) writeFileSync(path.join(root, program), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(path.join(units, path.basename(file)), text);
  return remarks('systemd-analyze', [
    'verify',
    '--man=no',
    `--root=${root}`,
    path.join('/usr/lib/systemd/system', path.basename(file)),
  ]);
}
