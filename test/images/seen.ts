/** What a booted image shows of the generated unit and of the verifier's report, and what it should show. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newcArchive } from '../e2e/cpio.js';

/** Prints what the generated unit left, and ends the run. */
const REPORT = `[Unit]
After=dmaheap-verify.service
[Service]
Type=oneshot
StandardOutput=tty
TTYPath=/dev/console
ExecStart=-/bin/sh -c 'echo; echo "@@UNIT $(systemctl show dmaheap-verify.service -p Result --value)"; cat /run/dmaheap/report.json; echo; echo @@END'
`;

/** These need /proc/sys. */
const UNSUPPORTED = ['systemd-journald.service', 'systemd-journald.socket', 'systemd-journald-dev-log.socket'];
const WITHOUT_PROC_SYS = '[Service]\nProtectHostname=no\n';

/**
 * Adds to the root of an image what shows its report on the console.
 * @param isWithoutSysctl the kernel has no /proc/sys, as that of the lab
 */
export function addReport(root: string, isWithoutSysctl: boolean): void {
  const units = path.join(root, 'etc/systemd/system');
  mkdirSync(path.join(units, 'multi-user.target.wants'), { recursive: true });
  if (isWithoutSysctl) {
    for (const unit of UNSUPPORTED) symlinkSync('/dev/null', path.join(units, unit));
    mkdirSync(path.join(units, 'systemd-udevd.service.d'));
    writeFileSync(path.join(units, 'systemd-udevd.service.d/lab.conf'), WITHOUT_PROC_SYS);
  }
  writeFileSync(path.join(units, 'report.service'), REPORT);
  symlinkSync('../report.service', path.join(units, 'multi-user.target.wants/report.service'));
}

/** Added to a ramdisk: an administrator's way to switch a rule off. */
export const MASK = newcArchive([
  { path: 'etc/udev', directory: true },
  { path: 'etc/udev/rules.d', directory: true },
  { path: 'etc/udev/rules.d/70-dmaheap.rules', link: '/dev/null' },
]);

const RULES = ['heap.permissions', 'heap.alias', 'open.user'];
const of = (heap: string, ids: readonly string[]) => ids.map((id) => `${id} ${heap}`);

/** The checks that fail on the example board of arm64 if something is withheld. */
export const FAILED = {
  'no overlay': ['cma.total', 'area.size', 'heap.node camera'],
  'rule masked': [...of('camera', RULES), ...of('system', ['heap.permissions', 'open.user'])],
} as const;

export interface Seen {
  /** Of the generated unit, by systemd: success, exit-code ... */
  readonly unit: string | undefined;
  readonly verdict: string | undefined;
  /** Checks that failed, with the heap. */
  readonly failed: readonly string[];
  readonly console: string;
}

/** @param output the console of an image with {@link REPORT} */
export function seenOn(output: string): Seen {
  const results = output.matchAll(/"id":"([^"]+)","heap":(?:"([^"]+)"|null),"item":[^\n]*?"status":"(?:fail|error)"/g);
  return {
    unit: /^@@UNIT (\S+)/m.exec(output)?.[1],
    verdict: /"summary":\{"verdict":"([^"]+)"/.exec(output)?.[1],
    failed: [...results].map(([, id, heap]) => (heap === undefined ? `${id}` : `${id} ${heap}`)),
    console: output,
  };
}

/**
 * Objections to what an image showed.
 * @param failed the checks that must fail; empty: the image is healthy
 */
export function unlikeSeen(failed: readonly string[], seen: Seen): string {
  const wanted =
    failed.length === 0 ? { unit: 'success', verdict: 'pass', failed } : { unit: 'exit-code', verdict: 'fail', failed };
  const got = JSON.stringify({ unit: seen.unit, verdict: seen.verdict, failed: seen.failed });
  const end = seen.console.split('\n').slice(-6).join('\n');
  return got === JSON.stringify(wanted) ? '' : `${got} instead of ${JSON.stringify(wanted)}\n${end}`;
}
