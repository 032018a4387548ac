/** A service as systemd itself runs it: a user manager of its own, whose /run is private and gone with it. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { objections } from './tools.js';

/** What the verifier is to be called with, which its stand-in prints. */
const REPORT = '--expect /etc/dmaheap/verify.expect --wait 10 --format json\n';

const MANAGER = `mount -t tmpfs none /run && mkdir -p /run/systemd/system && export HOME="$1" XDG_RUNTIME_DIR=/run \
SYSTEMD_UNIT_PATH="$1" SYSTEMD_GENERATOR_PATH=/nonexistent && /lib/systemd/systemd --user --unit=after.service; exit`;

// `exit`: the manager must not take the place of the shell, because PID 1 of a namespace is refused as a user's manager.
/** Runs after the service, whatever became of it, and ends the manager. */
const after = (directory: string, unit: string) => `[Unit]
Wants=${unit}
After=${unit}
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
StandardOutput=truncate:${directory}/state
ExecStart=-/bin/cp /run/dmaheap/report.json ${directory}/report.json
ExecStart=/bin/systemctl --user show ${unit} -p ActiveState,Result,ExecMainStatus
`;

/** How the program ends, and what systemd then says of the unit. INCOMPLETE (4) is not success: the board was not proven. */
const ENDS = [
  { status: 0, state: 'Result=success\nExecMainStatus=0\nActiveState=active\n' },
  { status: 4, state: 'Result=exit-code\nExecMainStatus=4\nActiveState=failed\n' },
] as const;

/** A program that prints its arguments. */
function standIn(file: string, status: number): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "$*"\nexit ${status}\n`);
  chmodSync(file, 0o755);
}

/**
 * @param program where the unit calls the verifier; by default /usr/bin/dmaheap-verify is replaced in the unit
 * @returns objections, empty when the unit ends as the verifier does and its report is where the README says
 */
export async function runUnit(file: string, program = path.join(`${file}.manager`, 'dmaheap-verify')): Promise<string> {
  const directory = `${file}.manager`;
  const unit = path.basename(file);
  mkdirSync(directory, { recursive: true });
  const text = readFileSync(file, 'utf8').replaceAll('/usr/bin/dmaheap-verify', program);
  writeFileSync(path.join(directory, unit), text);
  writeFileSync(path.join(directory, 'after.service'), after(directory, unit));
  for (const target of ['basic', 'shutdown']) writeFileSync(path.join(directory, `${target}.target`), '[Unit]\n');
  for (const end of ENDS) {
    standIn(program, end.status);
    const objection = await runOnce(directory, end.state);
    if (objection !== '') return `${unit}, verifier ends with ${end.status}: ${objection}`;
  }
  return '';
}

async function runOnce(directory: string, wanted: string): Promise<string> {
  for (const name of ['state', 'report.json']) rmSync(path.join(directory, name), { force: true });
  const namespaces = ['-m', '-p', '-f', '--mount-proc', '--kill-child', ...(process.getuid?.() === 0 ? [] : ['-r'])];
  const manager = ['unshare', ...namespaces, 'sh', '-c', MANAGER, 'sh', directory];
  const said = await objections('timeout', ['-s', 'KILL', '30', ...manager]);
  if (said !== '') return `no systemd could be run: ${said}`;
  const [state, report] = ['state', 'report.json'].map((name) => {
    const written = path.join(directory, name);
    return existsSync(written) ? readFileSync(written, 'utf8') : '';
  });
  if (!state) return 'systemd has not come as far as the service';
  if (state !== wanted) return state.trim().replaceAll('\n', ' ');
  return report === REPORT ? '' : `/run/dmaheap/report.json has ${JSON.stringify(report)}`;
}
