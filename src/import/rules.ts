/** Rules about heaps that do nothing, and the names of heaps that rules spell out. */
import { isOnlyHeaps } from '../check/heap-rules.js';
import { isAfterSeats, SEAT_RULES } from '../check/rules.js';
import { matchesPattern, type Rule, readRules, type Token } from '../check/udev.js';
import type { Diagnostic } from '../diagnostic/index.js';
import type { SourceText } from '../source/index.js';
import { report } from './codes.js';

const matches = ({ value, prefix }: Token, name: string) => matchesPattern(value, name, prefix.includes('i'));
const isSubsystem = ({ key, operator }: Token) => /^SUBSYSTEMS?$/.test(key) && operator === '==';
export const isWithDirectory = (token: Token) => isKernel(token) && /^(?:\/dev\/)?dma_heap\//.test(token.value);
const isKernel = ({ key, operator }: Token) => key === 'KERNEL' && operator === '==';

/** What udev accepts in a rule about heaps and what does nothing. */
export function* withoutEffect({ tokens }: Rule, { file }: SourceText): Generator<Diagnostic> {
  const never = tokens.find(
    (token) => isKernel(token) && token.value.split('|').every((one) => /^dma_heap[^/]*$/.test(one)),
  );
  if (never !== undefined)
    yield report('import/no-effect', {
      message: `KERNEL=="${never.value}" matches no heap, so the rule has no effect`,
      cause: 'dma_heap is the subsystem and the directory of the nodes; a heap has a kernel name such as system',
      fix: 'write SUBSYSTEM=="dma_heap", and state the access in the profile',
      span: never.span,
    });
  const uaccess = tokens.find(({ key, operator, value }) => key === 'TAG' && operator !== '==' && value === 'uaccess');
  const name = file.replace(/^.*\//, '');
  if (uaccess !== undefined && isAfterSeats(file))
    yield report('import/no-effect', {
      message: `TAG+="uaccess" in ${name} comes after ${SEAT_RULES}, which applies it, so the tag has no effect`,
      cause: 'udev reads rules files in the order of their names',
      fix: 'remove it, because heap memory is not charged to cgroups; give access to a group in the profile',
      span: uaccess.span,
    });
}

/** What a rule wants of a node. */
const WANTS = new Set(['OWNER', 'GROUP', 'MODE', 'SYMLINK', 'TAG', 'RUN']);
/** A subsystem that is meant for dma_heap. */
const MISSPELT = /^dma[-_ ]?(?:heaps?|buf(?:[-_]heaps?)?)[*?]?$/i;
/** Words of names of heaps, which other devices may have too. */
const HEAP_WORD = /cma|heap|secure|uncached|carve-?out|protected/i;

/**
 * Rules that speak of heaps and give nothing to any.
 * @param taken lines whose rules gave something, or of which something was said
 * @param heaps names that rules are tried on
 */
export function* withoutHeap(
  source: SourceText,
  about: readonly Rule[],
  taken: ReadonlySet<number>,
  heaps: readonly string[],
): Generator<Diagnostic> {
  for (const rule of readRules(source).rules) {
    const { tokens, span } = rule;
    const isHeaps = about.some((one) => one.span.line === span.line);
    if (taken.has(span.line) || !tokens.some(({ key, operator }) => WANTS.has(key) && !/^[=!]=$/.test(operator)))
      continue;
    const subsystem = tokens.find(isSubsystem);
    const kernel = tokens.find(isKernel);
    const removed = tokens.find(
      ({ key, operator, value }) => key === 'ACTION' && operator === '==' && value === 'remove',
    );
    if (subsystem !== undefined && subsystem.value !== 'dma_heap' && MISSPELT.test(subsystem.value))
      yield report('import/no-effect', {
        message: `SUBSYSTEM=="${subsystem.value}" matches no heap, so the rule has no effect`,
        cause: 'the subsystem of every heap is dma_heap',
        fix: 'write SUBSYSTEM=="dma_heap", and import again',
        span: subsystem.span,
      });
    else if (kernel !== undefined && subsystem?.value !== 'dma_heap' && /(?:^|\|)dma_heap(?!\/)/.test(kernel.value))
      yield* withoutEffect(rule, source);
    else if (isHeaps && removed !== undefined)
      yield report('import/no-effect', {
        message: 'the rule is for the removal of a heap, so it gives access to none',
        cause: 'udev sets the access of a node when the node is added or changes',
        fix: 'write ACTION!="remove" if the rule should give access',
        span: removed.span,
      });
    else if (isHeaps && kernel !== undefined && !heaps.some((name) => matches(kernel, name)))
      yield report('import/not-expressed', {
        message: `KERNEL=="${kernel.value}" matches no heap that import knows by name`,
        cause: 'a profile has heaps by name, and no file states a heap with a name like this',
        fix: `run "ls /dev/dma_heap" on the board, write the names into KERNEL==, and import again`,
        span: kernel.span,
      });
    else if (isHeaps)
      yield report('import/no-effect', {
        message: 'the rule gives nothing to any heap that import knows',
        cause:
          'a condition of the rule does not hold for a new heap, a GOTO passes over the rule, or an earlier rule assigns the value with :=',
        fix: 'remove the rule, or correct it',
        span,
      });
    else if (kernel !== undefined && subsystem === undefined && mayBeHeap(kernel.value, about.length > 0))
      yield report('import/not-expressed', {
        message: `KERNEL=="${kernel.value}" may be for a heap; import does not take it for one`,
        cause: 'without SUBSYSTEM==, the rule is for every device with this name',
        fix: 'add SUBSYSTEM=="dma_heap" and the plain name of the heap if the rule is for a heap, and import again',
        span: kernel.span,
      });
  }
}

/** In a file about heaps any word of their names is enough. */
const mayBeHeap = (pattern: string, isFileOfHeaps: boolean) =>
  /cma|heap/i.test(pattern) ||
  HEAP_STYLE.test(pattern) ||
  /^(?:mtk_mm|qcom,|system)/.test(pattern) ||
  (isFileOfHeaps && HEAP_WORD.test(pattern));

/**
 * Plain names in KERNEL== that none of the known heaps has: a vendor's. A rule without SUBSYSTEM matches on the board
 * all the same, so that there a name in the style of heaps is enough.
 */
export function namedHeaps(files: readonly SourceText[], heaps: readonly string[]): string[] {
  const names = files.flatMap((source) =>
    heapRules(source)
      .flatMap((rule) => rule.tokens.filter(isKernel))
      .filter(({ value, prefix }) => !prefix.includes('i') || !heaps.some((one) => matchesPattern(value, one, true)))
      .flatMap(({ value }) => value.split('|'))
      .filter((name) => /^[a-zA-Z0-9][a-zA-Z0-9,._+@-]{0,62}$/.test(name) && !heaps.includes(name))
      .filter((name) => name !== 'dma_heap'),
  );
  return [...new Set(names)];
}

function heapRules(source: SourceText): Rule[] {
  const { rules } = readRules(source);
  const isAll = isOnlyHeaps(rules);
  return rules.filter(
    ({ tokens }) =>
      tokens.some((token) => isSubsystem(token) && matchesPattern(token.value, 'dma_heap')) ||
      (!tokens.some(isSubsystem) && (isAll || tokens.some((token) => isKernel(token) && HEAP_STYLE.test(token.value)))),
  );
}

/** As vendors call heaps: Rockchip, NXP, MediaTek, Qualcomm, TI, Samsung, Amlogic. */
const HEAP_STYLE =
  /(?:^|\|)(?:system[-_]\w|(?:linux,)?cma(?:[-_|]|$)|reserved[-_]\w|default_cma|vidbuf_|carveout|(?:linux|mtk|qcom|google|samsung|amlogic|codecmm)[,_-][\w,-]*(?:cma|heap|uncached|secure|system|mm)|[\w,-]*(?:uncached|[-_]heap)(?:[-_]\w|\||$))/;
