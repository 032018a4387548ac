/** A directory that looks like a kernel tree to whoever reads its Kconfig: a few symbols of ours, no code of the kernel. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Text of the top Kconfig: heaps that need what they need. */
export const TINY_KCONFIG = [
  'mainmenu "Linux"',
  ...['CMA', 'DMA_CMA', 'DMABUF_HEAPS', 'CMA_SYSFS', 'DEVTMPFS'].map((name) => `config ${name}\n\tbool "${name}"`),
  'config DMABUF_HEAPS_CMA\n\tbool "CMA heap"\n\tdepends on DMABUF_HEAPS && CMA',
  'config DMABUF_HEAPS_SYSTEM\n\tbool "System heap"\n\tdepends on DMABUF_HEAPS',
  '',
].join('\n');

/** @returns a function that writes a file of the tree */
export function writeTinyKernel(directory: string): (file: string, text: string) => void {
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), text);
  };
  // As much of scripts/kconfig as the engine looks at to tell kernels apart.
  const words = 'bool choice config depends endchoice hex imply int mainmenu on select source visible'.split(' ');
  write('scripts/kconfig/lexer.l', words.map((word) => `"${word}"\t\treturn T_${word.toUpperCase()};\n`).join(''));
  for (const file of ['parser.y', 'menu.c', 'symbol.c', 'expr.c', 'confdata.c', 'conf.c'])
    write(`scripts/kconfig/${file}`, '');
  write('scripts/kconfig/expr.h', '#define SYMBOL_HASHSIZE 9973\n');
  write('Makefile', 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\nEXTRAVERSION =\n');
  write('Kconfig', TINY_KCONFIG);
  write('arch/arm64/configs/defconfig', '');
  write('arch/arm64/Makefile', 'KBUILD_DEFCONFIG := defconfig\n');
  return write;
}
