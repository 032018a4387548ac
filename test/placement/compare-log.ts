/** A public log against the prediction of the same boot, field by field. */
import { readBootLog } from '../../src/bootlog/index.js';
import type { Fdt } from '../../src/fdt/index.js';
import { fromLog, type Prediction, predict } from '../../src/placement/index.js';
import { compile, version } from './board.js';
import type { LogNode, PublicLog } from './public-logs.js';

export const MIB = 1n << 20n;
export const hex = (text: string) => BigInt(`0x${text}`);
export const pair = (text: string): [bigint, bigint] => text.split(' ').map(hex) as [bigint, bigint];

/** The tree's facts as a tree. RAM is the log's to say. */
function treeOf({ compatible, cells: [address, size] = [2, 2], nodes }: PublicLog) {
  const cellsOf = (value: bigint, count: number) =>
    Array.from(
      { length: count },
      (_, i) => `0x${((value >> BigInt(32 * (count - 1 - i))) & 0xffffffffn).toString(16)}`,
    );
  const range = (text: string) => {
    const [base, length] = pair(text);
    return [...cellsOf(base, address), ...cellsOf(length, size)].join(' ');
  };
  const FLAGS: Readonly<Record<Exclude<LogNode['is'], undefined>, string>> = {
    cma: 'compatible = "shared-dma-pool"; reusable;',
    default: 'compatible = "shared-dma-pool"; reusable; linux,cma-default;',
    pool: 'compatible = "shared-dma-pool";',
    dma: 'compatible = "shared-dma-pool"; no-map;',
    'no-map': 'no-map;',
  };
  const property = (node: LogNode) =>
    [
      node.is === undefined ? '' : FLAGS[node.is],
      node.reg === undefined ? '' : `reg = <${range(node.reg)}>;`,
      node.size === undefined ? '' : `size = <${cellsOf(hex(node.size), size).join(' ')}>;`,
      node.align === undefined ? '' : `alignment = <${cellsOf(hex(node.align), address).join(' ')}>;`,
      node.ranges === undefined ? '' : `alloc-ranges = <${range(node.ranges)}>;`,
    ].join(' ');
  const regions =
    nodes.length === 0
      ? ''
      : `reserved-memory { #address-cells = <${address}>; #size-cells = <${size}>; ranges;
${nodes.map((node) => `${node.name} { ${property(node)} };`).join('\n')} };`;
  return compile(`/dts-v1/;
/ { #address-cells = <${address}>; #size-cells = <${size}>; compatible = "${compatible}"; ${regions} };`);
}

/** The facts of a log in the words of a log. */
function textOf(log: PublicLog): string {
  const address = (text: string) => `0x${text.padStart(16, '0')}`;
  const { dtb, initrd } = log.loaded ?? {};
  const place = (text: string) => text.split(' ') as [string, string | undefined];
  const at = (text: string, before: string) => {
    const [start, end] = place(text);
    return end === undefined ? `   Booting using the fdt blob at 0x${start}` : `   ${before} ${start}, end ${end}`;
  };
  const node = (name: string) => log.nodes.find((one) => one.name === name);
  return [
    ...(dtb === undefined ? [] : [at(dtb, 'Loading Device Tree to')]),
    ...(initrd === undefined ? [] : [at(initrd, 'Loading Ramdisk to')]),
    ...(log.efi === true ? ['EFI stub: Booting Linux Kernel...'] : []),
    `[    0.000000] Linux version ${log.release} (x)`,
    ...(log.efi === undefined ? ['[    0.000000] efi: UEFI not found.'] : []),
    ...(log.refused ?? []).map(({ node: name, as }) => {
      if (as === 'match') return `[    0.000000] OF: reserved mem: node ${name} compatible matching fail`;
      const [base, length] = pair(node(name)?.reg ?? '0 0');
      return `[    0.000000] OF: fdt: Reserved memory: failed to reserve memory for node '${name}': base ${address(base.toString(16))}, size ${length / MIB} MiB`;
    }),
    ...log.areas.flatMap(({ name, base, mebibytes }) =>
      node(name) === undefined
        ? [`[    0.000000] cma: Reserved ${mebibytes} MiB at ${address(base)}`]
        : [
            `[    0.000000] Reserved memory: created CMA memory pool at ${address(base)}, size ${mebibytes} MiB`,
            `[    0.000000] OF: reserved mem: initialized node ${name}, compatible id shared-dma-pool`,
          ],
    ),
    ...log.ram.map((text) => {
      const [first = '', last = ''] = text.split(' ');
      return `[    0.000000]   node   0: [mem ${address(first)}-${address(last)}]`;
    }),
    ...(log.commandLine === undefined ? [] : [`[    0.000000] Kernel command line: ${log.commandLine}`]),
    ...(log.memoryKibibytes === undefined
      ? []
      : [
          `[    0.000000] Memory: 1K/${log.memoryKibibytes[0]}K available (1K kernel code, ${log.memoryKibibytes[1]}K cma-reserved)`,
        ]),
  ].join('\n');
}

type Verdict = 'right' | 'unknown' | 'wrong';

interface Field {
  readonly field: string;
  readonly verdict: Verdict;
  readonly text: string;
}

/** What the tool makes of the log's facts. @param tree absent: the nodes of the table */
export function predicted(log: PublicLog, tree: Fdt = treeOf(log)) {
  const read = readBootLog(textOf(log));
  const {
    memory = [],
    commandLine,
    efi,
    occupied = [],
  } = fromLog([read], {
    file: 'boot.log',
    input: { tree },
    kernels: [],
  });
  const kept = (log.memreserve ?? []).map((text) => {
    const [baseAddress, sizeBytes] = pair(text);
    return { name: 'reservation block', baseAddress, sizeBytes };
  });
  const prediction = predict({
    tree,
    kernel: version(log.release),
    architecture: log.architecture,
    config: new Map(Object.entries(log.config ?? {})),
    configComplete: false,
    memory,
    occupied: [...occupied, ...kept],
    commandLine: commandLine ?? '',
    ...(efi === undefined ? {} : { efi }),
  });
  return { read, prediction };
}

/** Every field that the log shows, against the prediction. */
export function compareLog(log: PublicLog, tree?: Fdt): Field[] {
  const { read, prediction } = predicted(log, tree);
  const isOpen = (...names: string[]) => prediction.unknown.some(({ field }) => names.includes(field));
  const fields: Field[] = [];
  const judge = (field: string, isRight: boolean, open: boolean, text: string) =>
    fields.push({ field, verdict: open ? 'unknown' : isRight ? 'right' : 'wrong', text });
  const names = read.areas.map(({ value }) => value.name ?? 'reserved');
  judge(
    'areas',
    JSON.stringify(names.toSorted()) === JSON.stringify(prediction.areas.map(({ name }) => name).toSorted()),
    isOpen('areas'),
    `${prediction.areas.map(({ name }) => name).join(' ')} for ${names.join(' ')}`,
  );
  for (const { value } of read.areas) {
    const name = value.name ?? 'reserved';
    const i = prediction.areas.findIndex((area) => area.name === name);
    const area = prediction.areas[i];
    if (area === undefined) continue;
    const spell = (one: bigint | null) => (one === null ? '?' : `0x${one.toString(16)}`);
    judge(
      `${name} size`,
      area.sizeBytes === value.sizeBytes,
      isOpen('areas', `areas[${i}].sizeBytes`),
      `${spell(area.sizeBytes)} for ${spell(value.sizeBytes ?? null)}`,
    );
    // What is called likely is held to as well.
    const base = area.baseAddress ?? area.likelyBaseAddress;
    const open = base === null || isOpen('areas') || (area.baseAddress === null && base === value.baseAddress);
    judge(`${name} base`, base === value.baseAddress, open, `${spell(base)} for ${spell(value.baseAddress ?? null)}`);
  }
  const cma = read.memory?.value.cmaBytes;
  if (cma !== undefined)
    judge(
      'CmaTotal',
      prediction.cmaTotalBytes === cma,
      prediction.cmaTotalBytes === null,
      `${prediction.cmaTotalBytes}`,
    );
  const refused = messages(prediction);
  const seen = read.refused.map(({ value }) => value.node).toSorted();
  judge(
    'refused',
    JSON.stringify(refused) === JSON.stringify(seen),
    isOpen('rejected', 'log'),
    `${refused.join(' ')} for ${seen.join(' ')}`,
  );
  judge('outcome', prediction.outcome === 'boots', prediction.outcome === 'unknown', prediction.outcome);
  return fields;
}

const messages = (prediction: Prediction) =>
  [
    ...new Set(
      prediction.rejected.filter(({ family }) => family !== null && family !== 'not-activated').map(({ node }) => node),
    ),
  ].toSorted();
