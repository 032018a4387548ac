/** What can be wrong between a profile, its kernel and its board's DTB. */
import { defineCodes, reporter } from '../diagnostic/index.js';

export const MODEL_CODES = defineCodes({
  'model/kernel-outside-range': {
    severity: 'error',
    title: "kernel outside the profile's range",
    explain: 'The requested kernel is not in the range of the profile.',
  },
  'model/kernel-newer': {
    severity: 'note',
    title: 'kernel newer than the known kernels',
    explain:
      'dmaheap does not know a kernel as new as this one. It assumes that the kernel behaves like the newest known one, which may be wrong.',
  },
  'model/kernel-of-other-arch': {
    severity: 'error',
    title: 'kernel description of another architecture',
    explain:
      'A kernel description is written for one architecture: symbols, dependencies and rules of memory differ between them. Write one for the architecture of the board.',
  },
  'model/cells-differ': {
    severity: 'error',
    title: 'cells differ from the DTB',
    explain:
      "The profile states other #address-cells or #size-cells than the root of the board's DTB. With wrong cells, the kernel ignores every reservation, also those of the firmware.",
  },
  'model/cells-assumed': {
    severity: 'warning',
    title: 'cells assumed',
    explain:
      'Neither a DTB nor the profile states the cells of the root. dmaheap assumes two and two, which is wrong for a quarter of all boards. Give --dtb, or state board.cells.',
  },
  'model/memory-unknown': {
    severity: 'warning',
    title: 'RAM unknown',
    explain: "Neither the profile nor the DTB states the board's RAM, so no region can be proven to lie in it.",
  },
  'model/other-architecture': {
    severity: 'error',
    title: 'the DTB is for another architecture',
    explain:
      "The processors in the DTB cannot run a kernel for the profile's board.arch. The DTB or the profile is for another board.",
  },
  'model/other-board': {
    severity: 'warning',
    title: 'the DTB is for another board',
    explain:
      'The root of the DTB and board.compatible have no string in common, not even that of the SoC. A proof with this DTB is a proof for another board.',
  },
  'model/memory-differs': {
    severity: 'warning',
    title: 'the DTB states a different RAM',
    explain:
      'dmaheap uses board.memory, and the memory node of the DTB differs from it. The boot loader may correct the node. If it does not, regions may be placed where there is no RAM.',
  },
});

export const report = reporter(MODEL_CODES);
