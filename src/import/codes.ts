import { defineCodes, reporter } from '../diagnostic/index.js';

export const IMPORT_CODES = defineCodes({
  'import/nothing': {
    severity: 'error',
    title: 'the files have no settings for heaps',
    explain: 'None of the files has settings for CMA areas or DMA-BUF heaps, so import cannot write a profile.',
  },
  'import/assumed': {
    severity: 'warning',
    title: 'a value that no file states',
    explain: 'The profile needs a value that none of the files has. import assumes the most common value; check it.',
  },
  'import/not-expressed': {
    severity: 'warning',
    title: 'a setting that a profile cannot express',
    explain: 'Keep the setting where it is now: generated output does not replace it.',
  },
  'import/no-effect': {
    severity: 'warning',
    title: 'a line without an effect',
    explain: 'The line is overridden or never matches. import omits it or uses its intended meaning.',
  },
  'import/changed': {
    severity: 'note',
    title: 'generated output does this differently',
    explain:
      'The generated setup has the same effect as the old one or more. The finding names the difference and the reason.',
  },
  'import/condition': {
    severity: 'warning',
    title: 'a condition that depends on the running board',
    explain:
      'A rule depends on a program, a file or a section for another board. The profile is for one board, so check it.',
  },
});

export const report = reporter(IMPORT_CODES);
