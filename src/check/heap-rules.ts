/** Which rules of a file are about heaps: most files of an image are not, and are ignored here. */
import type { SourceText } from '../source/index.js';
import { matchesPattern, type Rule, readRules } from './udev.js';

const isSubsystem = (key: string) => key === 'SUBSYSTEM' || key === 'SUBSYSTEMS';

/** `SUBSYSTEM!="dma_heap", GOTO="end"` at the top speaks for the whole file. */
export const isOnlyHeaps = ([first]: readonly Rule[]): boolean =>
  first?.tokens.some(({ key, operator, value }) => isSubsystem(key) && operator === '!=' && value === 'dma_heap') ??
  false;

/** @param heaps names under /dev/dma_heap */
export function aboutHeaps(source: SourceText, heaps: readonly string[]): Rule[] {
  const { rules, garbage } = readRules(source);
  if (isOnlyHeaps(rules)) return [...rules];
  return rules.filter(({ tokens, span }) => {
    const subsystem = tokens.find(({ key, operator }) => isSubsystem(key) && operator === '==');
    if (subsystem !== undefined) return subsystem.value.includes('dma_heap');
    // What cannot be read as a token, such as a value without its closing quote, names its heap all the same.
    return (
      garbage.some(({ text, span: at }) => at.line === span.line && text.includes('dma_heap')) ||
      tokens.some(({ key, value }) => value.includes('dma_heap') || (key === 'KERNEL' && namesHeap(value, heaps)))
    );
  });
}

/** A rule may name a heap without its subsystem; a pattern that is hardly more than `*` names nothing. */
const namesHeap = (pattern: string, heaps: readonly string[]) =>
  pattern.replace(/[*?[\]|!]/g, '').length >= 4 && heaps.some((heap) => matchesPattern(pattern, heap));
