/** What the page itself says, in the languages that it speaks. What the program says is English. */

const en = {
  title: 'dmaheap explorer',
  about:
    'Memory map, heaps, findings and generated files of a board, computed by the same program as on the command line. Nothing leaves this page.',
  drop: 'Drop files here, or choose them',
  dropHint:
    'A device tree blob (.dtb), a kernel configuration, a boot log, dmesg, /proc/iomem, ls -l /dev/dma_heap, udev rules, a capture (tar), a profile (JSON)',
  paste: 'Or paste text',
  add: 'Add the text',
  files: 'Files',
  remove: 'Remove',
  symptom: 'Diagnosis',
  evidence: 'Evidence',
  fix: 'Fix',
  needs: 'This would decide it',
  undecided: 'The files do not show what is wrong.',
  board: 'What the board needs',
  boardHint: 'Drop the DTB of the board for a first profile, or a profile.',
  size: 'Size of the default area',
  sizeHint: 'such as 400M; empty: as the device tree states',
  buffers: 'Buffers at the same time',
  kernel: 'Kernel',
  anyKernel: 'as the profile states',
  distribution: 'Distribution',
  group: 'Group',
  memory: 'RAM',
  memoryHint: 'The device tree does not state the RAM: BASE+SIZE, such as 0x40000000+2G',
  profile: 'The profile',
  profileHint: 'Edit it here; the form above writes it anew.',
  result: 'What comes of it',
  good: 'No finding.',
  report: 'Report of the board',
  generated: 'Generated files',
  zip: 'Download all (zip)',
  copy: 'Copy',
  copied: 'Copied',
  working: 'Computing',
} as const;

type Words = Readonly<Record<keyof typeof en, string>>;

const zh: Words = {
  title: 'dmaheap 浏览器',
  about: '一块板子的内存图、heap、检查结果和生成的文件，由与命令行相同的程序计算。数据不会离开本页面。',
  drop: '把文件拖到这里，或选择文件',
  dropHint:
    '设备树文件（.dtb）、内核配置、启动日志、dmesg、/proc/iomem、ls -l /dev/dma_heap、udev 规则、采集包（tar）、profile（JSON）',
  paste: '或粘贴文本',
  add: '添加文本',
  files: '文件',
  remove: '移除',
  symptom: '诊断',
  evidence: '依据',
  fix: '修复方法',
  needs: '还需要以下信息才能判断',
  undecided: '这些文件没有显示问题所在。',
  board: '板子的需求',
  boardHint: '拖入板子的 DTB 可得到初始 profile，也可以直接拖入 profile。',
  size: '默认区域的大小',
  sizeHint: '例如 400M；留空则使用设备树中的大小',
  buffers: '同时使用的缓冲区',
  kernel: '内核',
  anyKernel: '以 profile 为准',
  distribution: '发行版',
  group: '用户组',
  memory: '内存',
  memoryHint: '设备树没有说明内存：BASE+SIZE，例如 0x40000000+2G',
  profile: 'profile',
  profileHint: '可在此编辑；上面的表单会重新生成它。',
  result: '结果',
  good: '没有发现问题。',
  report: '板子的报告',
  generated: '生成的文件',
  zip: '全部下载（zip）',
  copy: '复制',
  copied: '已复制',
  working: '计算中',
};

export const LANGUAGES = { en, zh } as const;
export type Language = keyof typeof LANGUAGES;
export type { Words };
