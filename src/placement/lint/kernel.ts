/** Lints of what the kernel around the tree does: command line, default area, heap names, slots, configuration. */

import { heapNamesOn, NAMING_FACTS, registeredHeaps } from '../../facts/heap-names.js';
import { compareKernelVersions, firstRelease, parseKernelVersion } from '../../facts/index.js';
import { formatBytes } from '../../quantity/index.js';
import type { Finding, LintContext } from './context.js';
import { lint, PLACED, READABLE } from './lint.js';
import { noArea, noConfiguration, noParameter, noPool } from './skip.js';

function findCommandLine({ situation, prediction, pools, input }: LintContext): Finding[] {
  const { parameter } = situation;
  if (parameter === undefined) return [];
  // A line of the tree is the board's; any other was requested by the user.
  const isOurs = input.commandLine !== undefined;
  const bypassed = pools.filter((node) => node.isDefault && !node.noMap);
  const found: Finding[] = bypassed.map((node) =>
    input.ownParameter === true
      ? {
          severity: 'note',
          isOurs,
          nodes: [node.name],
          message: `${parameter.text} from the profile replaces ${node.name}`,
          cause: 'the command line decides the default area; the node of the device tree is skipped or freed',
          fix: `no change is needed, unless you want ${node.name} too; then deliver the area in the device tree`,
          facts: ['cma.parameter-and-default-node'],
        }
      : {
          isOurs,
          nodes: [node.name],
          message: `${parameter.text} on the command line disables ${node.name}`,
          cause: 'the command line decides the default area; the node of the device tree is skipped or freed',
          fix: `remove ${parameter.text} from the boot arguments (and from CONFIG_CMDLINE)`,
          facts: ['cma.parameter-and-default-node'],
        },
  );
  const { ownArea } = input;
  if (ownArea !== undefined && parameter.sizeBytes !== ownArea.sizeBytes) {
    const asked = formatBytes(ownArea.sizeBytes);
    const isConfigured = ownArea.delivery === 'kconfig';
    found.push({
      isOurs: true,
      nodes: [ownArea.name],
      message:
        parameter.sizeBytes === 0n
          ? `${parameter.text} on the command line leaves no default area, and ${ownArea.name} is to have ${asked}`
          : `${parameter.text} on the command line makes the default area, and ${ownArea.name} is to have ${asked}`,
      cause: isConfigured
        ? 'the kernel makes an area of CMA_SIZE_MBYTES only without cma='
        : 'of several cma= the kernel takes the last one',
      fix: isConfigured
        ? `remove ${parameter.text} from the boot arguments (and from CONFIG_CMDLINE)${parameter.sizeBytes === 0n ? '' : ', or state the same size in the profile'}`
        : `replace ${parameter.text} in the boot arguments (and in CONFIG_CMDLINE) by cma=${ownArea.sizeBytes >> 20n}M`,
      facts: [],
    });
  }
  for (const danger of prediction.dangers) {
    const [area, owner] = danger.nodes;
    if (area !== situation.rules.inventory.kernelAreaName || owner === undefined || danger.code === 'areas-overlap')
      continue;
    found.push({
      isOurs,
      nodes: [owner],
      message: `${parameter.text} overlaps ${owner}`,
      cause: 'the kernel accepts it silently, because no-map memory is marked and not reserved',
      fix: 'choose another base, or leave the base to the kernel (cma=SIZE)',
      facts: danger.facts,
    });
  }
  return found;
}

export const commandLine = lint({
  id: 'command-line',
  severity: 'error',
  title: 'cma= on the command line',
  explain:
    'cma=, also cma=0, replaces the linux,cma-default node of the device tree, and the area of CMA_SIZE_MBYTES. With a base, it may overlap memory of the firmware, which the kernel accepts silently.',
  needs: READABLE,
  skip: noParameter,
  check: findCommandLine,
});

function findOneDefault({ pools, prediction }: LintContext): Finding[] {
  const defaults = pools.filter((node) => node.isDefault && !node.noMap);
  if (defaults.length < 2) return [];
  const winner = prediction.areas.find((area) => area.isDefault)?.name;
  const names = defaults.map((node) => node.name);
  return [
    {
      nodes: names,
      message: `${names.join(' and ')} both have linux,cma-default`,
      cause: `the kernel uses the one that it initialises last${winner === undefined ? '' : `, ${winner}`}; before ${firstRelease(NAMING_FACTS.areas, 'default-area-and-all')}, no heap or device uses the others`,
      fix: `keep linux,cma-default in one of them; to change that of the base, set its size or reg instead of adding a node`,
      facts: ['cma.default-winner', 'reserved-memory.order'],
    },
  ];
}

export const oneDefault = lint({
  id: 'one-default',
  severity: 'error',
  title: 'more than one linux,cma-default',
  explain: 'The kernel creates all of them and silently uses the one that it initialises last as the default area.',
  needs: READABLE,
  skip: noPool,
  check: findOneDefault,
});

function findDefaultTooLate({ pools, situation }: LintContext): Finding[] {
  const { rules, architecture, parameter } = situation;
  if (rules.staticRegistration !== 'late' || !rules.defaultBeforeStatic.includes(architecture)) return [];
  if (parameter !== undefined || pools.some((node) => node.isDefault && node.reg === undefined)) return [];
  return pools
    .filter((node) => node.isDefault && node.reg !== undefined)
    .map((node) => ({
      nodes: [node.name],
      message: `${node.name} becomes the default after the kernel has made another area`,
      cause: `${architecture} registers nodes with a base late, so the memory of CONFIG_CMA_SIZE_MBYTES becomes a second area, "reserved"`,
      fix: 'use size with alloc-ranges instead of reg, or set CONFIG_CMA_SIZE_MBYTES=0',
      facts: ['cma.default-before-static', 'reserved-memory.static-registration'],
    }));
}

export const defaultTooLate = lint({
  id: 'default-too-late',
  severity: 'warning',
  title: 'a default area with a base, which the kernel registers too late',
  explain:
    'On some kernels of arm32 and riscv, nodes with a base are registered after the kernel has made its own default area: the memory of CONFIG_CMA_SIZE_MBYTES is wasted. A node with size does not have this problem.',
  needs: PLACED,
  skip: noPool,
  check: findDefaultTooLate,
});

function findHeapName({ pools, situation, prediction }: LintContext): Finding[] {
  const { rules } = situation;
  const { inventory } = rules;
  const hasHeap = (isDefault: boolean) => heapNamesOn(inventory, { name: '', isDefault }).length > 0;
  // Heaps whose names the kernel gives by itself; the area without a node is the default one.
  const taken = registeredHeaps(inventory, [{ name: '', isDefault: true }], () => true).map(({ name }) => name);
  const kernelArea = prediction.areas.some((area) => area.source !== 'node');
  return pools.flatMap((node): Finding[] => {
    const found: Finding[] = [];
    const reserved = [...taken, ...(kernelArea ? [inventory.kernelAreaName] : [])];
    if (reserved.includes(node.name) && hasHeap(node.isDefault))
      found.push({
        nodes: [node.name],
        message: `the heap of ${node.name} cannot have that name`,
        cause: `the kernel itself makes a heap "${node.name}"; it makes only the first of two heaps with the same name`,
        fix: 'give the node another name (the label has no effect)',
        facts: ['heap.duplicate-name', NAMING_FACTS.system, NAMING_FACTS.defaultArea],
      });
    if (node.name.length > rules.nameLength)
      found.push({
        nodes: [node.name],
        message: `${node.name} is ${node.name.length} characters long; the heap gets the name ${node.name.slice(0, rules.nameLength)}`,
        cause: `the kernel keeps ${rules.nameLength} characters of the name of an area`,
        fix: `shorten the name to ${rules.nameLength} characters, the unit address included`,
        facts: ['cma.name-length'],
      });
    return found;
  });
}

export const heapName = lint({
  id: 'heap-name',
  severity: 'error',
  title: 'a heap name that is in use or too long',
  explain:
    'The kernel refuses the second heap with the same name. It uses "system" for the system heap, and other names for the heap of the default area and for the area from Kconfig. It cuts names of areas to 63 characters.',
  needs: ['cells-match-root', 'ranges-present'],
  skip: noPool,
  check: findHeapName,
});

function findHeapVisible({ pools, prediction }: LintContext): Finding[] {
  const everyArea = firstRelease(NAMING_FACTS.areas, 'default-area-and-all');
  const names = new Set(prediction.heaps.map((heap) => heap.area));
  return pools
    .filter(
      (node) => prediction.areas.some((area) => area.name === node.name && !area.isDefault) && !names.has(node.name),
    )
    .map((node) => ({
      nodes: [node.name],
      message: `${node.name} becomes an area without a heap`,
      cause: `before ${everyArea} the CMA heap driver registers the default area only`,
      fix: `make it the default (linux,cma-default), or use a kernel from ${everyArea} on`,
      facts: [NAMING_FACTS.areas],
    }));
}

export const heapVisible = lint({
  id: 'heap-visible',
  severity: 'warning',
  title: 'a pool without a heap',
  explain: `Before ${firstRelease('heap.cma-names', 'default-area-and-all')} only the default area is a heap. Only drivers use other reusable nodes, through memory-region.`,
  needs: PLACED,
  skip: noPool,
  check: findHeapVisible,
});

function findSlots({ situation, prediction, pools }: LintContext): Finding[] {
  const overflow = prediction.dangers.filter(({ code }) => code === 'remap-table-overflow');
  const full = prediction.log.some(({ family }) => family === 'no-slots');
  const found: Finding[] = [];
  if (full || overflow.length > 0) {
    const refused = prediction.rejected.filter(({ family }) => family === 'no-slots').map(({ node }) => node);
    found.push({
      nodes: refused,
      message: `${pools.length} pools and the default area need more than the ${situation.slots} slots of this kernel`,
      cause:
        overflow.length > 0
          ? 'arm32 writes past the end of a table before it counts the pools, and hangs'
          : `${refused.length > 0 ? `${refused.join(', ')} fail` : 'the area from Kconfig or cma= fails'}${prediction.hasDefault ? '' : ', and the kernel has no default heap'}`,
      fix: `raise CONFIG_CMA_AREAS to ${pools.length + 1}, or merge pools`,
      facts: ['cma.slots', 'cma.remap-table'],
    });
  }
  const tooMany = prediction.rejected.filter(({ facts }) => facts.includes('reserved-memory.node-limit'));
  if (tooMany.length > 0)
    found.push({
      nodes: tooMany.map(({ node }) => node),
      message: `${tooMany.map(({ node }) => node).join(', ')}: the kernel handles only ${situation.rules.nodeLimit.nodes} such nodes`,
      cause: 'the table of reserved regions has a fixed size',
      fix: situation.rules.nodeLimit.counted === 'all' ? 'use fewer nodes' : 'give some of them a base (reg)',
      facts: ['reserved-memory.node-limit'],
    });
  return found;
}

export const slots = lint({
  id: 'slots',
  severity: 'error',
  title: 'more areas than the kernel has room for',
  explain:
    'CMA_AREAS limits the number of areas, including the default one; older kernels have one more. Older kernels handle 64 nodes, newer ones 64 nodes without a base. If all slots are in use, the default area fails too; arm32 writes past the end of a table and hangs.',
  needs: READABLE,
  skip: noArea,
  check: findSlots,
});

/** What each symbol is for; the last column says which kernels have it. */
const SYMBOLS = [
  ['CMA', 'error', 'no contiguous memory', undefined],
  ['DMA_CMA', 'error', 'nodes of the device tree and cma= do not make CMA areas', undefined],
  ['OF_RESERVED_MEM', 'error', 'the kernel does not read /reserved-memory', undefined],
  ['DMABUF_HEAPS', 'error', '/dev/dma_heap does not exist', undefined],
  ['DMABUF_HEAPS_CMA', 'error', 'CMA areas are not heaps', undefined],
  [
    'CMA_SYSFS',
    'note',
    'the sizes of areas are visible only in debugfs',
    parseKernelVersion(firstRelease('kconfig.cma-sysfs', 'CMA && SYSFS')),
  ],
] as const;

function findKernelConfig({ input, pools, situation }: LintContext): Finding[] {
  const { config } = input;
  if (config === undefined || input.configComplete === false) return [];
  if (pools.length === 0 && situation.parameter === undefined) return [];
  return SYMBOLS.flatMap(([symbol, severity, loss, since]): Finding[] => {
    if (since !== undefined && compareKernelVersions(situation.rules.version, since) < 0) return [];
    const value = config.get(symbol) ?? 'n';
    if (value === 'y') return [];
    if (value === 'm')
      return [
        {
          severity: 'note',
          isOurs: true,
          nodes: [symbol],
          message: `${symbol} is a module`,
          cause: 'the heaps do not exist before it is loaded',
          fix: `load it early (modules-load.d), or set CONFIG_${symbol}=y`,
          facts: ['kconfig.dmabuf-heaps-cma-type'],
        },
      ];
    return [
      {
        severity,
        // A configuration is in no device tree.
        isOurs: true,
        nodes: [symbol],
        message: `the kernel does not have ${symbol}`,
        cause: loss,
        fix: `set CONFIG_${symbol}=y`,
        facts: [],
      },
    ];
  });
}

export const kernelConfig = lint({
  id: 'kernel-config',
  severity: 'error',
  title: 'a kernel without the symbols that the pools need',
  explain:
    'CMA areas need CMA and DMA_CMA; heaps need DMABUF_HEAPS and DMABUF_HEAPS_CMA. Stock Debian kernels for arm64, armhf and riscv64 have no heaps.',
  needs: [],
  skip: noConfiguration,
  check: findKernelConfig,
});
