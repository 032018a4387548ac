import { defineCodes, reporter } from '../diagnostic/index.js';

export const IMPORT_CODES = defineCodes({
  'import/nothing': {
    severity: 'error',
    title: 'nothing about heaps was found',
    explain: 'None of the files says anything of CMA areas or DMA-BUF heaps, so there is nothing to make a profile of.',
  },
  'import/assumed': {
    severity: 'warning',
    title: 'a value that no file states',
    explain: 'The profile needs a value that none of the files has. The one assumed is the most common; look at it.',
  },
  'import/not-expressed': {
    severity: 'warning',
    title: 'a part that a profile cannot say',
    explain: 'The part keeps working only where it stands now: generated output does not replace it.',
  },
  'import/no-effect': {
    severity: 'warning',
    title: 'a line that does nothing today',
    explain: 'The line is overruled or never matches. It was left out, or taken as it was meant.',
  },
  'import/changed': {
    severity: 'note',
    title: 'generated output does this differently',
    explain: 'The regenerated setup does at least what the old one does; the finding says what differs and why.',
  },
  'import/condition': {
    severity: 'warning',
    title: 'a condition that only the board can answer',
    explain:
      'A rule depends on a program, a file or a section of another board. The profile is for one board: look at it.',
  },
});

export const report = reporter(IMPORT_CODES);
