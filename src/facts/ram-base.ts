/** Where RAM begins on SoCs whose device trees leave the RAM to the boot loader. */
import { formatAddress } from '../quantity/index.js';

interface RamBase {
  /** Over a compatible of the root. */
  readonly soc: RegExp;
  readonly baseAddress: bigint;
  /** In U-Boot, which writes the memory node. */
  readonly source: string;
}

const RAM_BASES: readonly RamBase[] = [
  {
    soc: /^rockchip,(?:px30|rk3308|rk3326|rk3328|rk3368|rk3399|rk3399pro|rk3528|rk3562|rk3566|rk3568|rk3588s?)$/,
    baseAddress: 0x200000n,
    source: 'arch/arm/mach-rockchip/sdram.c: dram_init_banksize; the first 2 MiB are for the trusted firmware',
  },
  {
    soc: /^allwinner,sun(?:4i|5i|6i|7i|8i|50i)-/,
    baseAddress: 0x40000000n,
    source: 'include/configs/sunxi-common.h: CFG_SYS_SDRAM_BASE',
  },
];

/** @returns undefined for a SoC that is not known */
export function ramBase(compatible: readonly string[]): { soc: string; base: string; source: string } | undefined {
  for (const { soc, baseAddress, source } of RAM_BASES) {
    const name = compatible.find((one) => soc.test(one));
    if (name !== undefined) return { soc: name, base: formatAddress(baseAddress), source };
  }
  return undefined;
}
