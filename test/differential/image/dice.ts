/** What all makers of random images have in common. */
export type Dice = (sides: number) => number;

/** A small generator, so that a failing seed can be run again. */
export function dice(seed: number): Dice {
  let state = seed * 2654435761 + 1;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

export const HEAPS = ['system', 'linux,cma', 'reserved'];
