import type { Plan, PlannedArea, PlannedHeap } from '../../src/plan/types.js';

/** A plan that exercises every branch of the templates: three deliveries, every heap kind, budget, range, force. */
export function samplePlan(change: Partial<Plan> = {}): Plan {
  return {
    profile: { name: 'sample', sha256: '0'.repeat(64) },
    board: {
      title: 'Sample board',
      compatible: ['acme,sample'],
      soc: 'acme123',
      arch: 'arm64',
      pageSizeBytes: 4096n,
      memory: [{ baseAddress: 0x4000_0000n, sizeBytes: 0x1_0000_0000n }],
      dtb: 'acme/sample.dtb',
      bootLoader: 'extlinux',
      cells: { address: 2, size: 2, assumed: false },
    },
    kernel: { min: { major: 6, minor: 12 }, max: { major: 6, minor: 18 } },
    areas: [
      sampleArea({
        isDefault: true,
        allocRanges: [{ baseAddress: 0x4000_0000n, sizeBytes: 0x4000_0000n }],
        alignmentBytes: 0x40_0000n,
        budget: {
          buffers: [{ purpose: 'preview', bufferBytes: 3_110_400n, count: 6 }],
          steps: [{ text: '6 x 1920 x 1080 NV12 = 18662400 bytes', resultBytes: 18_662_400n }],
        },
      }),
      sampleArea({
        name: 'video',
        nodeName: 'video@1a0000000',
        areaName: 'video@1a0000000',
        baseAddress: 0x1_a000_0000n,
      }),
      sampleArea({ name: 'legacy', nodeName: 'reserved', areaName: 'reserved', delivery: 'command-line' }),
    ],
    heaps: [
      sampleHeap({}),
      sampleHeap({
        name: 'system',
        kind: 'system',
        areaName: undefined,
        nodes: [{ name: 'system', since: undefined, until: undefined, optional: false }],
        aliases: [],
        access: { group: 'render', mode: 0o640, users: [], uaccess: true, force: 'kiosk: one console user' },
      }),
      sampleHeap({
        name: 'secure',
        kind: 'vendor',
        areaName: undefined,
        optional: true,
        nodes: [{ name: 'secure', since: undefined, until: undefined, optional: true }],
        aliases: [],
        access: undefined,
      }),
    ],
    symbols: [
      { symbol: 'CMA', value: 'y', isString: false, atLeast: false, because: { text: 'CMA areas need it' } },
      { symbol: 'CMDLINE', value: 'console=ttyS0', isString: true, atLeast: false, because: { text: 'the profile' } },
      { symbol: 'DMABUF_HEAPS_CMA_LEGACY', value: 'n', isString: false, atLeast: false, because: { text: 'one name' } },
    ],
    commandLine: [{ argument: 'cma=128M', because: { text: 'the profile delivers it so' } }],
    groups: [
      { name: 'render', users: [] },
      { name: 'video', gid: 44, users: ['camera'] },
    ],
    expectation: {
      cmaTotalMinBytes: 0x1000_0000n,
      cmaTotalMaxBytes: undefined,
      holdBudget: true,
      users: ['camera'],
      allocateP99Micros: 5000,
    },
    targets: [],
    ...change,
  };
}

export function sampleArea(change: Partial<PlannedArea>): PlannedArea {
  return {
    name: 'camera',
    nodeName: 'linux,cma',
    areaName: 'linux,cma',
    delivery: 'device-tree',
    isDefault: false,
    sizeBytes: 0x1000_0000n,
    baseAddress: undefined,
    allocRanges: [],
    alignmentBytes: undefined,
    budget: undefined,
    because: [{ text: 'the profile says so' }],
    ...change,
  };
}

export function sampleHeap(change: Partial<PlannedHeap>): PlannedHeap {
  return {
    name: 'camera',
    kind: 'region',
    areaName: 'linux,cma',
    cached: true,
    optional: false,
    nodes: [
      { name: 'linux,cma', since: undefined, until: { major: 6, minor: 17 }, optional: false },
      { name: 'default_cma_region', since: { major: 6, minor: 17 }, until: undefined, optional: false },
      { name: 'linux,cma', since: { major: 6, minor: 17 }, until: undefined, optional: true },
    ],
    aliases: ['camera', 'reserved'],
    access: { group: 'video', gid: 44, mode: 0o660, users: ['camera'], uaccess: false, force: undefined },
    because: [{ text: 'the profile says so' }],
    ...change,
  };
}
