/** What can be wrong between a profile, its kernel and its board's DTB. */
import { defineCodes, reporter } from '../diagnostic/index.js';

export const MODEL_CODES = defineCodes({
  'model/kernel-outside-range': {
    severity: 'error',
    title: "kernel outside the profile's range",
    explain: 'The kernel asked for is not among those the profile is written for.',
  },
  'model/kernel-newer': {
    severity: 'note',
    title: 'kernel newer than what is known',
    explain:
      'No kernel as new as this was read. It is taken to behave like the newest that was, which the next release may refute.',
  },
  'model/cells-differ': {
    severity: 'error',
    title: 'cells differ from the DTB',
    explain:
      "The profile states other #address-cells or #size-cells than the root of the board's DTB. With wrong cells the kernel ignores every reservation, firmware's included.",
  },
  'model/cells-assumed': {
    severity: 'warning',
    title: 'cells assumed',
    explain:
      'Neither a DTB nor the profile says how many cells the root uses; two and two are assumed, which is wrong for a quarter of all boards.',
  },
  'model/memory-unknown': {
    severity: 'warning',
    title: 'RAM unknown',
    explain: "Neither the profile nor the DTB states the board's RAM, so no region can be proven to lie in it.",
  },
  'model/other-architecture': {
    severity: 'error',
    title: "the DTB is of another architecture's board",
    explain:
      "The processors in the DTB cannot run a kernel of the profile's board.arch: one of the two is of another board.",
  },
  'model/other-board': {
    severity: 'warning',
    title: "the DTB is another board's",
    explain:
      "The root of the DTB and board.compatible have no string in common, not even the SoC's. Everything that is proven with this DTB is then proven for another board.",
  },
  'model/memory-differs': {
    severity: 'warning',
    title: 'the DTB states other RAM',
    explain:
      "board.memory counts, and the DTB's own memory node says something else. The boot loader may well correct it; if it does not, regions are placed where there is no RAM.",
  },
});

export const report = reporter(MODEL_CODES);
