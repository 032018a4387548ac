/** What the reader of C finds: each idiom that drivers of heaps use, in drivers written for the purpose. */
import { describe, expect, test } from 'vitest';
import { driver, heapLines, inventoryOf } from './tree.js';

const heaps = (text: string, more = {}) => heapLines(inventoryOf(driver(text, more)));
/** A driver whose only heap gets its name from an expression; `before` stands in its function. */
const named = (expression: string, before = '', top = '') => `
#include <linux/dma-heap.h>
${top}
static int board_create(struct device *dev)
{
	struct dma_heap_export_info exp_info;
	struct dma_heap *heap;
	${before}
	exp_info.name = ${expression};
	exp_info.ops = &board_ops;
	heap = dma_heap_add(&exp_info);
	return PTR_ERR_OR_ZERO(heap);
}
static int board_probe(struct platform_device *pdev) { return board_create(&pdev->dev); }
static struct platform_driver board_driver = { .probe = board_probe };
module_platform_driver(board_driver);
`;
const nameOf = (expression: string, before?: string, top?: string) =>
  heaps(named(expression, before, top)).map((line) => line.replace(/: unknown/, ''));

describe('names', () => {
  test.each([
    ['a literal', '"pool"', '', '', ['pool']],
    ['texts side by side and a macro', 'PREFIX "frames" "-0"', '', '#define PREFIX "vpu_"', ['vpu_frames-0']],
    ['a macro with parameters', 'HEAP_NAME(npu)', '', '#define HEAP_NAME(x) "heap-" #x', ['heap-npu']],
    ['a choice', 'dev ? "first" : "second"', '', '', ['first', 'second']],
    ['the name of a device', 'dev_name(dev)', '', '', ['{device}']],
    ['the name of a node', 'dev->of_node->name', '', '', ['{node}']],
    ['kasprintf', 'kasprintf(GFP_KERNEL, "%s-%d", dev_name(dev), 2)', '', '', ['{device}-2']],
    ['devm_kasprintf of a node', 'devm_kasprintf(dev, GFP_KERNEL, "mem-%pOFn", dev->of_node)', '', '', ['mem-{node}']],
    [
      'snprintf into a buffer',
      'label',
      'char label[32]; snprintf(label, sizeof(label), "%s_io", "cam");',
      '',
      ['cam_io'],
    ],
    ['strcpy and strcat', 'label', 'char label[32]; strcpy(label, "isp"); strcat(label, "-raw");', '', ['isp-raw']],
    [
      'strcat of a strcpy',
      'strcat(strcpy(label, "isp"), tail)',
      'char label[9]; const char *tail = "-x";',
      '',
      ['isp-x'],
    ],
    [
      'a property',
      'label',
      'const char *label; of_property_read_string(dev->of_node, "heap-name", &label);',
      '',
      ['{property:heap-name}'],
    ],
    ['a copy', 'devm_kstrdup(dev, "dup", GFP_KERNEL)', '', '', ['dup']],
    ['a cast', '(const char *)label', 'char *label = "cast";', '', ['cast']],
    ['a variable of the file', 'board_name', '', 'static const char board_name[] = "fixed";', ['fixed']],
    ['the last assignment counts', 'label', 'const char *label = "old"; label = "new";', '', ['new']],
    [
      'both branches',
      'label',
      'const char *label = "none"; if (dev->id) label = "one"; else label = "two";',
      '',
      ['one', 'two'],
    ],
    ['one branch', 'label', 'const char *label = "plain"; if (dev->id) label = "special";', '', ['plain', 'special']],
    [
      'a branch that leaves',
      'label',
      'const char *label = "kept"; if (!dev) { label = "lost"; return -ENODEV; }',
      '',
      ['kept'],
    ],
  ])('%s', (_, expression, before, top, names) => {
    expect(nameOf(expression, before, top).sort()).toEqual([...names].sort());
  });

  test('a function that picks, and the field of an initialiser', () => {
    const text = `
static const char *label_of(int id)
{
	switch (id) {
	case 0:
		return "secure,video";
	case 1:
		return "secure,ui";
	default:
		return NULL;
	}
}
static int board_add(int id)
{
	struct dma_heap_export_info info = { .ops = &board_ops, .name = label_of(id) };
	return PTR_ERR_OR_ZERO(dma_heap_add(&info));
}
static int __init board_init(void) { return board_add(0); }
module_init(board_init);`;
    expect(heaps(text)).toEqual(['secure,ui: unknown', 'secure,video: unknown']);
  });

  test('tables of names and of structures', () => {
    const text = `
static const char * const pools[] = { "left", "right" };
static struct board_desc { const char *name; unsigned flags; } descs[] = {
	{ .name = "top", .flags = 1 },
	{ .name = "bottom", .flags = 0 },
};
static int __init board_init(void)
{
	struct dma_heap_export_info exp_info;
	int i;
	for (i = 0; i < ARRAY_SIZE(pools); i++) {
		exp_info.name = pools[i];
		dma_heap_add(&exp_info);
	}
	for (i = 0; i < ARRAY_SIZE(descs); i++) {
		struct board_desc *desc = &descs[i];
		exp_info.name = desc->name;
		dma_heap_add(&exp_info);
	}
	return 0;
}
module_init(board_init);`;
    expect(heaps(text)).toEqual(['left: unknown', 'right: unknown', 'bottom: unknown', 'top: unknown']);
  });

  test('what cannot be followed is said with its place, and the name shows the gap', () => {
    const inventory = inventoryOf(driver(named('board_firmware_name(dev)')));
    expect(heapLines(inventory)).toEqual(['{unknown}: unknown']);
    expect(inventory.unread).toEqual([
      { file: 'drivers/dma-buf/heaps/board_heap.c', line: 9, text: 'board_firmware_name ( dev )' },
    ]);
  });
});

/** A CMA driver: the helper gets an area, and its callers say which. */
const cma = (start: string, name = 'cma_get_name(cma)', more = '') => `
#include <linux/cma.h>
static struct page *board_pages(struct cma *cma) { return cma_alloc(cma, 1, 0, false); }
static int __board_add(struct cma *cma, void *data)
{
	struct dma_heap_export_info exp_info;
	exp_info.name = ${name};
	exp_info.ops = &board_ops;
	if (IS_ERR(dma_heap_add(&exp_info)))
		return -ENOMEM;
	${more}
	return 0;
}
static int __init board_init(void)
{
	${start}
	return 0;
}
module_init(board_init);`;

describe('memory', () => {
  test.each([
    [
      'the default area',
      'struct cma *area = dev_get_cma_area(NULL); if (area) __board_add(area, NULL);',
      ['{area}: default-area'],
    ],
    ['the default area by its variable', '__board_add(dma_contiguous_default_area, NULL);', ['{area}: default-area']],
    ['every area, by a walk', 'cma_for_each_area(__board_add, NULL);', ['{area}: every-area']],
    [
      'every area, by number',
      'struct cma *area; int i; for (i = 0; (area = dma_contiguous_get_area_by_idx(i)) != NULL; i++) __board_add(area, NULL);',
      ['{area}: every-area'],
    ],
    ['an area of its own', '__board_add(board_pick_area(), NULL);', ['{area}: own-area']],
  ])('%s', (_, start, lines) => {
    expect(heaps(cma(start))).toEqual(lines);
  });

  test('an uncached twin is a heap of its own', () => {
    const twin = 'exp_info.name = kasprintf(GFP_KERNEL, "%s-uncached", cma_get_name(cma)); dma_heap_add(&exp_info);';
    expect(heaps(cma('__board_add(dev_get_cma_area(NULL), NULL);', 'cma_get_name(cma)', twin))).toEqual([
      '{area}: default-area',
      '{area}-uncached: default-area, uncached',
    ]);
    const ops = 'exp_info.name = "wc"; exp_info.ops = &board_uncached_ops; dma_heap_add(&exp_info);';
    expect(heaps(cma('__board_add(dev_get_cma_area(NULL), NULL);', '"plain"', ops))).toEqual([
      'plain: default-area',
      'wc: default-area, uncached',
    ]);
  });

  test('a carve-out by its compatible, SRAM, pages, firmware', () => {
    const carveOut = `
static int board_export(struct reserved_mem *rmem)
{
	struct dma_heap_export_info exp_info;
	struct gen_pool *pool = gen_pool_create(12, -1);
	exp_info.name = kasprintf(GFP_KERNEL, "carve_%s", rmem->name);
	return PTR_ERR_OR_ZERO(dma_heap_add(&exp_info));
}
static int __init board_setup(struct reserved_mem *rmem) { return board_export(rmem); }
RESERVEDMEM_OF_DECLARE(board, "vendor,carve-out", board_setup);`;
    expect(heaps(carveOut)).toEqual(['carve_{node}: carve-out of vendor,carve-out']);
    const system = named('"pages"')
      .replace('board_probe', 'board_unused')
      .concat('static void board_fill(void) { alloc_pages(GFP_KERNEL, 0); }');
    expect(heaps(system)).toEqual(['pages: system']);
    expect(heaps(`${named('"safe"')}static void board_call(void) { tee_client_open_session(); }`)).toEqual([
      'safe: protected',
    ]);
  });

  test('a common file registers for drivers in files of their own', () => {
    const common = `
int board_heap_add(struct device *dev, const struct dma_heap_ops *ops)
{
	struct dma_heap_export_info exp_info = { .name = dev_name(dev), .ops = ops };
	return PTR_ERR_OR_ZERO(dma_heap_add(&exp_info));
}`;
    const chunk = `
static int chunk_probe(struct platform_device *pdev) { cma_alloc(chunk_area, 1, 0, 0); return board_heap_add(&pdev->dev, &chunk_ops); }
static const struct of_device_id chunk_match[] = { { .compatible = "vendor,chunk" }, {} };
static struct platform_driver chunk_driver = { .probe = chunk_probe };`;
    const makefile =
      'board-y := common.o\nboard-$(CONFIG_BOARD_CHUNK) += chunk.o\nobj-$(CONFIG_BOARD_HEAP) += board.o\n';
    expect(
      heapLines(
        inventoryOf({
          'drivers/dma-buf/heaps/Makefile': makefile,
          'drivers/dma-buf/heaps/common.c': common,
          'drivers/dma-buf/heaps/chunk.c': chunk,
        }),
      ),
    ).toEqual(['{device}: own-area of vendor,chunk if BOARD_CHUNK']);
  });
});

describe('what a configuration decides', () => {
  test.each([
    [
      '#ifdef',
      '#ifdef CONFIG_BOARD_OLD\n\texp_info.name = "old";\n#else\n\texp_info.name = "new";\n#endif',
      ['new: unknown if !BOARD_OLD=y', 'old: unknown if BOARD_OLD=y'],
    ],
    [
      '#if IS_ENABLED',
      '#if IS_ENABLED(CONFIG_BOARD_OLD)\n\texp_info.name = "old";\n#else\n\texp_info.name = "new";\n#endif',
      ['new: unknown if !BOARD_OLD', 'old: unknown if BOARD_OLD'],
    ],
    [
      'if IS_ENABLED',
      'exp_info.name = "new"; if (IS_ENABLED(CONFIG_BOARD_OLD)) exp_info.name = "old";',
      ['new: unknown if !BOARD_OLD', 'old: unknown if BOARD_OLD'],
    ],
    ['#if 0', '#if 0\n\texp_info.name = "never";\n#endif\n\texp_info.name = "always";', ['always: unknown']],
    [
      'an early return',
      'exp_info.name = "late"; if (!IS_ENABLED(CONFIG_BOARD_LATE)) return 0;',
      ['late: unknown if BOARD_LATE'],
    ],
  ])('%s', (_, lines, expected) => {
    expect(heaps(named('exp_info.name', lines).replace('exp_info.name = exp_info.name;', ''))).toEqual(expected);
  });

  test('a question of the running kernel is told', () => {
    const text = named('"shared"', 'if (!board_can_share(dev)) return 0;');
    expect(heaps(text)).toEqual(['shared: unknown when not (! board_can_share ( dev ))']);
  });

  test('a file that no Makefile compiles, a comment, and a function that nobody calls', () => {
    expect(heaps('', { 'drivers/dma-buf/heaps/cma_heap.c': named('"ghost"') })).toEqual([]);
    expect(heaps('/* dma_heap_add(&exp_info); */\nstatic int unused(void) { return 0; }')).toEqual([]);
  });

  test('a vendor that adds heaps of its own class', () => {
    const core = `
struct board_dma_heap *board_dma_heap_add(const struct board_dma_heap_export_info *exp_info) { return device_create(board_class, NULL, 0, NULL, exp_info->name); }
static char *board_devnode(struct device *dev, umode_t *mode) { return kasprintf(GFP_KERNEL, "board_dma_heap/%s", dev_name(dev)); }`;
    const user = named('"frames"')
      .replaceAll('dma_heap_export_info', 'board_dma_heap_export_info')
      .replaceAll('dma_heap_add', 'board_dma_heap_add');
    const makefile = 'obj-$(CONFIG_BOARD_HEAP) += core.o board_heap.o\n';
    expect(heaps(user, { 'drivers/dma-buf/heaps/Makefile': makefile, 'drivers/dma-buf/heaps/core.c': core })).toEqual([
      '/dev/board_dma_heap/frames: unknown',
    ]);
  });

  test('a driver elsewhere, led to by its Kconfig file', () => {
    const files = {
      'drivers/misc/Makefile': 'obj-$(CONFIG_BOARD_SRAM) += board-sram.o\n',
      'drivers/misc/board-sram.c': named('"sram"', 'gen_pool_alloc(pool, 1);'),
    };
    expect(heapLines(inventoryOf(files))).toEqual([]);
    expect(heapLines(inventoryOf(files, ['drivers/misc']))).toEqual(['sram: sram if BOARD_SRAM']);
  });

  test('lines end as on Windows', () => {
    expect(heaps(named('"crlf"').replaceAll('\n', '\r\n'))).toEqual(['crlf: unknown']);
  });
});
