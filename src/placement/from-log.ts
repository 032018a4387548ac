/** What a board's boot log says of the things that placement otherwise assumes. */

import type { BootLog } from '../bootlog/index.js';
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { formatKernelVersion, type KernelVersion, parseKernelVersion } from '../facts/index.js';
import type { AddressRange } from '../quantity/index.js';
import { formatBytes } from '../quantity/index.js';
import type { OccupiedRange, PlacementInput } from './input.js';
import { IntervalSet, interval } from './interval-set.js';
import { memoryOfTree, readReservedMemory } from './reserved-nodes.js';

export const BOOT_LOG_CODES = defineCodes({
  'boot-log/empty': {
    severity: 'warning',
    title: 'a boot log without the addresses that the simulation needs',
    explain:
      'The file has no line with the addresses of RAM, kernel, initrd or device tree. Such lines are in the early log of the kernel (dmesg from the first line on), on the console of the boot loader, in /proc/iomem as root, and in the files of /sys/kernel/debug/memblock.',
  },
  'boot-log/masked': {
    severity: 'warning',
    title: '/proc/iomem without addresses',
    explain: 'Every address in it is zero, because the reader was not root. Read it as root.',
  },
  'boot-log/differs': {
    severity: 'warning',
    title: 'the boot log contradicts another input',
    explain:
      'The log is of another board, kernel or command line than the given one. dmaheap uses the RAM and the images of the log, and the given kernel and command line.',
  },
});
const report = reporter(BOOT_LOG_CODES);

export interface FromLog extends Pick<PlacementInput, 'memory' | 'occupied' | 'commandLine' | 'efi'> {
  /** The release of the kernel that was booted. */
  readonly kernel: KernelVersion | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export interface LogContext {
  readonly file: string;
  /** The tree that the board boots with. */
  readonly input: Pick<PlacementInput, 'tree' | 'memory' | 'commandLine' | 'occupied'>;
  readonly kernels: readonly KernelVersion[];
}

/** Where a log gives only the start: more than most images and trees take. */
const ASSUMED_BYTES = { kernel: 32n << 20n, initrd: 32n << 20n, dtb: 1n << 20n } as const;

export function fromLog(logs: readonly BootLog[], { file, input, kernels }: LogContext): FromLog {
  const best = <T>(pick: (log: BootLog) => T | undefined) => logs.map(pick).find((value) => value !== undefined);
  const ram = best((log) => (log.ram.length > 0 ? log.ram.map(({ value }) => value) : undefined));
  const image = best((log) => log.memory?.value.imageBytes);
  const loaded = new Map<string, OccupiedRange>();
  for (const { value } of logs.flatMap((log) => log.loaded)) {
    const known = value.sizeBytes ?? (value.name === 'kernel' ? image : undefined) ?? ASSUMED_BYTES[value.name];
    loaded.set(value.name, { name: value.name, baseAddress: value.baseAddress, sizeBytes: known });
  }
  const reserved = readReservedMemory(input.tree);
  const listed = new Set([...reserved.nodes.map(({ name }) => name), ...reserved.disabled]);
  // Firmware adds regions to the tree that it hands over.
  const added = logs
    .flatMap((log) => log.reserved)
    .flatMap(({ value }): OccupiedRange[] =>
      value.name === undefined || value.reusable || listed.has(value.name)
        ? []
        : [{ name: value.name, baseAddress: value.baseAddress, sizeBytes: value.sizeBytes }],
    );
  const release = best((log) => log.release?.value);
  const kernel = release === undefined ? undefined : parseKernelVersion(release);
  const commandLine = best((log) => log.commandLine?.value);
  const efi = best((log) => log.efi?.value);
  const diagnostics: Diagnostic[] = [];
  const differs = (message: string, fix: string) =>
    diagnostics.push(
      report('boot-log/differs', {
        message: `${file}: ${message}`,
        cause: 'the log is of another boot, or of another board',
        fix,
      }),
    );
  if (logs.some(({ isMasked }) => isMasked))
    diagnostics.push(
      report('boot-log/masked', {
        message: `${file}: every address in /proc/iomem is zero`,
        cause: 'the user who read it does not have the permission to see addresses',
        fix: 'read it as root',
      }),
    );
  if (ram === undefined && loaded.size === 0 && added.length === 0)
    diagnostics.push(
      report('boot-log/empty', {
        message: `${file} has no line with the addresses of RAM, kernel, initrd or device tree`,
        cause: 'it does not contain the start of a boot',
        fix: 'give the log from the boot loader on, dmesg from its first line, or /proc/iomem as root',
      }),
    );
  const stated = input.memory ?? memoryOfTree(input.tree, reserved.rootCells);
  if (ram !== undefined && stated.length > 0 && !isAbout(stated, ram))
    differs(
      `the kernel had ${spell(ram)} of RAM, but ${input.memory === undefined ? 'the device tree' : 'the profile or --memory'} states ${spell(stated)}`,
      'give the log of this board, or correct the banks',
    );
  if (kernel !== undefined && kernels.length > 0 && !kernels.some((one) => isSame(one, kernel)))
    differs(
      `it is of Linux ${release}, but the given kernel is ${kernels.map(formatKernelVersion).join(' and ')}`,
      `give --kernel ${formatKernelVersion(kernel)} to use the kernel of the log`,
    );
  return {
    kernel,
    diagnostics,
    ...(ram === undefined ? {} : { memory: ram }),
    ...(commandLine === undefined ? {} : { commandLine }),
    ...(efi === undefined ? {} : { efi }),
    // What the caller names wins.
    occupied: [
      ...[...loaded.values(), ...added].filter(({ name }) => input.occupied?.some((one) => one.name === name) !== true),
      ...(input.occupied ?? []),
    ],
  };
}

const isSame = (a: KernelVersion, b: KernelVersion) => a.major === b.major && a.minor === b.minor;

const total = (ranges: readonly AddressRange[]) =>
  new IntervalSet(ranges.map((one) => interval(one.baseAddress, one.sizeBytes))).ranges.reduce(
    (sum, { start, end }) => sum + (end - start),
    0n,
  );

const spell = (ranges: readonly AddressRange[]) => formatBytes((total(ranges) >> 20n) << 20n);

/** The kernel's list lacks what firmware and no-map regions keep: an eighth may be missing, and nothing be added. */
function isAbout(stated: readonly AddressRange[], seen: readonly AddressRange[]): boolean {
  const [a, b] = [total(stated), total(seen)];
  return b <= a && b * 8n >= a * 7n;
}
