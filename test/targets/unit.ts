/** A service as systemd itself runs it: a user manager of its own, whose /run is private and gone with it. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** A program that prints its arguments and says that there was nothing to test, which is no failure of the unit. */
export function standIn(file: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\necho "$*"\nexit 4\n');
  chmodSync(file, 0o755);
  return file;
}

/** @returns objections, empty when the unit became active and its report is where the README says */
export async function runUnit(file: string): Promise<string> {
  const directory = `${file}.manager`;
  const unit = path.basename(file);
  const program = standIn(path.join(directory, 'dmaheap-verify'));
  const text = readFileSync(file, 'utf8').replaceAll('/usr/bin/dmaheap-verify', program);
  writeFileSync(path.join(directory, unit), text);
  writeFileSync(path.join(directory, 'after.service'), after(directory, unit));
  for (const target of ['basic', 'shutdown']) writeFileSync(path.join(directory, `${target}.target`), '[Unit]\n');
  const namespaces = ['-m', '-p', '-f', '--mount-proc', '--kill-child', ...(process.getuid?.() === 0 ? [] : ['-r'])];
  const manager = ['unshare', ...namespaces, 'sh', '-c', MANAGER, 'sh', directory];
  const said = await objections('timeout', ['-s', 'KILL', '30', ...manager]);
  if (said !== '') return `${unit}: no systemd could be run: ${said}`;
  const [state, report] = ['state', 'report.json'].map((name) => {
    const written = path.join(directory, name);
    return existsSync(written) ? readFileSync(written, 'utf8') : '';
  });
  if (!state) return `${unit}: systemd has not come as far as the service`;
  if (state !== 'Result=success\nExecMainStatus=4\nActiveState=active\n')
    return `${unit}: ${state.trim().replaceAll('\n', ' ')}`;
  return report === REPORT ? '' : `${unit}: /run/dmaheap/report.json has ${JSON.stringify(report)}`;
}
