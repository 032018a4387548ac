/** Random but plausible boards: sizes, places and mistakes as people make them. The same seed gives the same cases. */
import type { Case, NodeProperties } from './case.js';
import type { Machine } from './machine.js';

type Random = () => number;

/** mulberry32: small, and good enough to pick cases. */
function generator(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MIB = 0x100000;

export interface RandomKernel {
  readonly name: string;
  readonly machine: Machine;
  /** What areas are multiples of on it, as people there would know. */
  readonly granuleMiB: number;
}

export function randomCases(count: number, seed: number, kernels: readonly RandomKernel[]): readonly Case[] {
  return Array.from({ length: count }, (_, index) => {
    const kernel = kernels[index % kernels.length];
    if (!kernel) throw new Error('lab: no kernel for random cases');
    return randomCase(generator(seed * 100_003 + index), `random-${seed}-${index}`, kernel);
  });
}

function randomCase(random: Random, name: string, { name: kernel, machine, granuleMiB }: RandomKernel): Case {
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const chance = (share: number) => random() < share;
  const memoryMiB =
    granuleMiB > 64
      ? pick(2048, 3072, 4096)
      : machine.arch === 'arm'
        ? pick(256, 512)
        : pick(256, 512, 512, 512, 1024, 1024, 3072);
  const ramBase = Number(machine.qemu.ramBaseAddress);
  const mibibytes = (most: number) => Math.max(1, Math.floor(random() ** 2 * most));
  const granule = granuleMiB === 4 ? pick(4, 4, 4, 2, 1) : pick(granuleMiB, granuleMiB, granuleMiB, granuleMiB / 2, 4);
  const size = () => {
    const whole = Math.max(granule, Math.floor(mibibytes(memoryMiB / 3) / granule) * granule) * MIB;
    return chance(0.05) ? whole + pick(0x1000, 0x80000, 0x200000) : whole;
  };
  // Most people keep clear of the kernel and the initrd at the start of RAM, and of its end.
  const place = (bytes: number) => {
    const [low, high] = chance(0.04) ? [0, memoryMiB] : [Math.min(160, memoryMiB / 2), memoryMiB - bytes / MIB];
    const offset = low + Math.floor((random() * Math.max(0, high - low)) / granule) * granule;
    return ramBase + offset * MIB + (chance(0.03) ? 0x1000 : 0);
  };

  const nodes: Record<string, NodeProperties> = {};
  // x86 has no device tree.
  const count = machine.arch === 'x86_64' ? 0 : pick(0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 9);
  for (let index = 0; index < count; index++) {
    const bytes = size();
    const base = place(bytes);
    const isStatic = chance(0.3);
    const isFirmware = chance(0.15);
    const properties: Record<string, NodeProperties[string]> = {};
    if (!isFirmware || chance(0.3)) properties.compatible = 'shared-dma-pool';
    if (isFirmware || chance(0.02)) properties['no-map'] = true;
    if (!isFirmware && !chance(0.03)) properties.reusable = true;
    if (isStatic) properties.reg = [[hex(base), hex(bytes)]];
    else properties.size = [hex(bytes)];
    if (!isStatic && chance(0.3)) {
      const span = Math.max(4, Math.floor((random() * memoryMiB) / 4) * 4) * MIB;
      properties['alloc-ranges'] = [[hex(place(Math.min(span, (memoryMiB * MIB) / 2))), hex(span)]];
    }
    if (!isStatic && chance(0.3)) properties.alignment = [hex(pick(0x1000, 0x100000, 0x400000, 0x1000000))];
    if (!isFirmware && chance(index === 0 ? 0.6 : 0.1)) properties['linux,cma-default'] = true;
    if (chance(0.04)) properties.status = pick('disabled', 'okay');
    const label = isFirmware ? `firmware${index}` : pick('linux,cma', `pool${index}`, `camera${index}`, `npu-${index}`);
    nodes[isStatic ? `${label}@${base.toString(16)}` : label] = properties;
  }
  const parameter = () => {
    const bytes = size();
    return pick(
      `cma=${bytes / MIB}M`.replace(/\.\d+/, ''),
      `cma=${bytes}`,
      `cma=${bytes}@${hex(place(bytes))}`,
      'cma=0',
    );
  };
  return {
    name,
    kernels: [kernel],
    memoryMiB,
    options: [],
    overlays: count ? [nodes] : [],
    cmdline: chance(machine.arch === 'x86_64' ? 0.9 : 0.25) ? parameter() : '',
    expect: {},
    silenceSeconds: 25,
  };
}

const hex = (value: number) => `0x${value.toString(16)}`;
