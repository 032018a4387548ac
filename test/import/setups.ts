/** Setups of the kinds that boards come with, written for these tests from what is known of them. */

export interface Setup {
  readonly title: string;
  /** Files by name, the arguments of `dmaheap import` that name them, and what has to come out. */
  readonly files: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly profile: object;
  /** Parts of the findings, each of which must be there. */
  readonly findings: readonly RegExp[];
}

export const SETUPS: readonly Setup[] = [
  {
    title: 'Raspberry Pi OS',
    files: {
      'rules/60-dma-heap.rules': `SUBSYSTEM!="dma_heap", GOTO="done"
GROUP="video", MODE="0660"
PROGRAM=="/usr/bin/test-for-pi5", KERNEL=="system", SYMLINK+="dma_heap/vidbuf_cached"
KERNEL=="linux,cma", SYMLINK+="dma_heap/vidbuf_cached", OPTIONS+="link_priority=-50"
LABEL="done"
`,
      'config.txt': '[all]\ndtparam=audio=on\ndtoverlay=vc4-kms-v3d,cma-384\n[pi5]\ndtoverlay=cma,cma-size=134217728\n',
      'cmdline.txt': 'console=serial0,115200 root=/dev/mmcblk0p2 rootwait\n',
    },
    argv: [
      '--rules',
      'rules',
      '--config-txt',
      'config.txt',
      '--cmdline',
      'cmdline.txt',
      '--arch',
      'arm64',
      '--kernel',
      '6.12',
    ],
    profile: {
      board: { arch: 'arm64', bootLoader: 'raspberrypi' },
      kernel: { version: '6.12' },
      regions: { 'linux,cma': { default: true, size: '128M' } },
      heaps: { cma: { region: 'linux,cma', aliases: ['vidbuf_cached'] }, system: { kind: 'system' } },
      access: { cma: { group: 'video', mode: '0660' }, system: { group: 'video', mode: '0660' } },
    },
    findings: [
      /config\.txt:5:1: warning\[import\/condition\]: cma-size=134217728 is in the section \[pi5\]/,
      /rules\/60-dma-heap\.rules:3:1: warning\[import\/condition\]: the rule depends on the running board/,
      /vidbuf_cached leads to system or cma, depending on the board|vidbuf_cached leads to cma or system, depending on the board/,
    ],
  },
  {
    title: 'a board with udev-rules-imx',
    files: {
      '10-imx.rules': 'KERNEL=="linux,cma*", NAME="dma_heap", MODE="0664", GROUP="video"\n',
      'heaps.cfg':
        'CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=y\nCONFIG_DMABUF_HEAPS_CMA=y\nCONFIG_DMABUF_HEAPS_DSP=y\nCONFIG_MXC_GPU_VIV=y\nCONFIG_CMA_SIZE_MBYTES=320\n',
      'board.dts': `/dts-v1/;
/ {
  #address-cells = <2>;
  #size-cells = <2>;
  model = "Some i.MX board";
  compatible = "vendor,board", "fsl,imx8mp";
  memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0xc0000000>; };
  reserved-memory {
    #address-cells = <2>;
    #size-cells = <2>;
    ranges;
    linux,cma {
      compatible = "shared-dma-pool";
      reusable;
      size = <0 0x3c000000>;
      alloc-ranges = <0 0x40000000 0 0xc0000000>;
      linux,cma-default;
    };
    dsp@92400000 { compatible = "shared-dma-pool"; reg = <0 0x92400000 0 0x2000000>; no-map; };
  };
};
`,
    },
    argv: [
      '--rules',
      '10-imx.rules',
      '--config',
      'heaps.cfg',
      '--dts',
      'board.dts',
      '--arch',
      'arm64',
      '--kernel',
      '6.12',
    ],
    profile: {
      name: 'board',
      board: {
        title: 'Some i.MX board',
        cells: { address: 2, size: 2 },
        memory: [{ base: '0x40000000', size: '3G' }],
      },
      regions: {
        'linux,cma': { default: true, size: '960M', allocRanges: [{ base: '0x40000000', size: '3G' }] },
      },
      heaps: { cma: { region: 'linux,cma' }, system: { kind: 'system' } },
      access: { cma: { group: 'video', mode: '0660' } },
    },
    findings: [
      /10-imx\.rules:1:23: warning\[folklore\/name\]: NAME="dma_heap" does nothing/,
      /10-imx\.rules:1:40: note\[import\/changed\]: MODE="0664" becomes 0660/,
      /the rules match the names linux,cma of cma; the generated rules also match .*reserved/,
      /board\.dts:\d+:\d+: warning\[import\/not-expressed\]: dsp@92400000 is a private pool of its devices/,
      /heaps\.cfg:4:1: warning\[import\/not-expressed\]: DMABUF_HEAPS_DSP is not a heap symbol of upstream/,
      /heaps\.cfg:5:1: warning\[import\/not-expressed\]: 1 line is not about heaps: MXC_GPU_VIV/,
      /heaps\.cfg:6:1: warning\[import\/no-effect\]: the kernel does not use CMA_SIZE_MBYTES=320: the node linux,cma decides/,
    ],
  },
  {
    title: 'Armbian with two packages of rules',
    files: {
      'rules/50-mali-dma-heap.rules': 'SUBSYSTEM=="dma_heap", GROUP="render", MODE="0666"\n',
      'rules/60-media.rules':
        'KERNEL=="mpp_service", MODE="0660", GROUP="video"\nSUBSYSTEM=="dma_heap", MODE="0660", GROUP="video"\n',
      'pool.dtso': `/dts-v1/;
/plugin/;
/ {
  fragment@0 {
    target-path = "/";
    __overlay__ {
      reserved-memory {
        #address-cells = <2>;
        #size-cells = <2>;
        ranges;
        linux,cma {
          compatible = "shared-dma-pool";
          reusable;
          size = <0x0 0x38000000>;
          alignment = <0x0 0x400000>;
          linux,cma-default;
        };
      };
    };
  };
};
`,
      'linux.config':
        'CONFIG_ARM64=y\nCONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=y\nCONFIG_DMABUF_HEAPS_CMA=y\nCONFIG_CMA_AREAS=20\n',
    },
    argv: ['--rules', 'rules', '--dts', 'pool.dtso', '--config', 'linux.config', '--kernel', '6.6'],
    profile: {
      board: { arch: 'arm64', cells: { address: 2, size: 2 } },
      kernel: { version: '6.6', symbols: { CMA_AREAS: '20' } },
      regions: { 'linux,cma': { default: true, size: '896M', alignment: '4M' } },
      access: { cma: { group: 'video', mode: '0660' }, system: { group: 'video', mode: '0660' } },
    },
    findings: [
      /rules\/50-mali-dma-heap\.rules:1:24: warning\[import\/no-effect\]: GROUP="render" is overridden by GROUP="video" in rules\/60-media\.rules:2/,
      /rules\/50-mali-dma-heap\.rules:1:40: warning\[import\/no-effect\]: MODE="0666" is overridden/,
    ],
  },
  {
    title: 'a layer in the manner of meta-qcom',
    files: {
      '99-dma-heap.rules': 'KERNEL=="system", GROUP="dmaheap", MODE="0660"\n',
      'bsp-additions.cfg':
        'CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=y\nCONFIG_DMABUF_HEAPS_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_UDMABUF=m\n',
    },
    argv: [
      '--rules',
      '99-dma-heap.rules',
      '--config',
      'bsp-additions.cfg',
      '--cmdline',
      'console=ttyMSM0 cma=128M',
      '--arch',
      'aarch64',
      '--kernel',
      '6.18',
    ],
    profile: {
      board: { arch: 'arm64' },
      kernel: { version: '6.18', symbols: { UDMABUF: 'm' } },
      regions: { 'linux,cma': { default: true, size: '128M', delivery: 'command-line' } },
      heaps: { cma: { region: 'linux,cma' }, system: { kind: 'system' } },
      access: { system: { group: 'dmaheap', mode: '0660' } },
    },
    findings: [/the groups \(dmaheap\) are created/],
  },
  {
    title: 'rules that never worked',
    files: {
      '99-dma-heap.rules':
        'KERNEL=="dma_heap/*", GROUP="video", MODE="0660"\nSUBSYSTEM=="dma_heap", KERNEL=="vendor-secure", RUN+="/bin/chgrp camera /dev/dma_heap/vendor-secure"\n',
    },
    argv: ['--rules', '99-dma-heap.rules', '--cmdline', 'cma=64M', '--arch', 'arm64', '--kernel', '6.12'],
    profile: {
      regions: { 'linux,cma': { size: '64M', delivery: 'command-line' } },
      heaps: {
        cma: { region: 'linux,cma' },
        system: { kind: 'system' },
        'vendor-secure': { kind: 'vendor', kernelName: 'vendor-secure' },
      },
      access: {
        cma: { group: 'video', mode: '0660' },
        system: { group: 'video', mode: '0660' },
        'vendor-secure': { group: 'camera', mode: '0660' },
      },
    },
    findings: [
      /99-dma-heap\.rules:1:1: warning\[folklore\/kernel-with-directory\]/,
      /99-dma-heap\.rules:2:\d+: warning\[udev\/run-permissions\]/,
    ],
  },
];
