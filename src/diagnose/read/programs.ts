/** What programs say when they open heaps, allocate and map: system calls of strace, libraries, frameworks, Android. */

import { DIAGNOSES } from '../../verify/diagnoses.gen.js';
import { type Clue, clue, type Reader, type Row, tableReader } from '../clues.js';
import { errnoOf } from '../errno.js';
import { vendorOf } from '../vendors.js';
import { HEAP_NAME, IS_RUNTIME } from './nodes.js';

const HEAP_PATH = /\/dev\/dma_heap\/([\w,.+@-]*[\w+@-])/;

const bytes = (text: string | undefined) => (text === undefined ? undefined : Number(text));

const CALLS: readonly Row[] = [
  [
    /\bopen(?:at)?\([^"]*"(\/dev\/(?:dma_heap\/[^"]+|udmabuf|dma[-_]buf))",?\s*([A-Z_|]*)[^=]*=\s*(-?\d+)/,
    ([, path = '', flags, result], line) =>
      clue(line, 'open', {
        path,
        flags: flags === '' ? undefined : flags,
        errno: Number(result) < 0 ? errnoOf(line.text) : undefined,
      }),
  ],
  [
    /ioctl\(\d+[^,]*,\s*(?:DMA_HEAP_IOCTL_ALLOC|0xc0184800|_IOC\([^)]*0x48, 0(?:x0)?, 0x18\))/i,
    (_m, line) => {
      const length = bytes(/len=(\d+)/.exec(line.text)?.[1]);
      const flags = /fd_flags=([\w|]+)/.exec(line.text)?.[1];
      return /=\s*-1\b/.test(line.text)
        ? clue(line, 'allocation', { errno: errnoOf(line.text), bytes: length, heap: undefined })
        : clue(line, 'allocated', { bytes: length, flags });
    },
  ],
  [
    /\bmmap2?\(.*PROT_WRITE.*=\s*(-1|0x[0-9a-f]+)/,
    ([, result], line) => clue(line, 'mapped', { errno: result === '-1' ? errnoOf(line.text) : undefined }),
  ],
];

/** Words of a message that is about an allocation rather than an open. */
const ALLOCATES = /DMA_HEAP_IOCTL_ALLOC|dma[-_ ]?heap[- ]?alloc|\balloc\w*\b|\bIOCTL_ALLOC\b/i;

const UNAVAILABLE = /\b(?:unable|cannot|can't|could not|couldn't|fail\w*|no such|not found|error)\b/i;

const isQuoted = (text: string, name: string) =>
  [...text.matchAll(/['"\u2018\u201c]([\w,.@+-]+)['"\u2019\u201d]/g)].some(([, one]) => one === name);

const ANYTHING = /\S/;
/** Memory of a process, or a system call or a path that another row reads. */
const OWN_MEMORY =
  /\b(?:fork|clone|vfork|malloc|calloc|realloc|bad_alloc|threads?|exec\w*|java|heap space|std::|mlock|oom\S*|Killed|killed)\b|Out of memory: Kill|=\s*-1\b|\/dev\/dma_heap\//;

const MESSAGES: readonly Row[] = [
  [
    HEAP_PATH,
    ([, name = ''], line) =>
      IS_RUNTIME.test(line.text) && errnoOf(line.text) === 'ENOENT'
        ? clue({ ...line, view: 'host' }, 'open', {
            path: `/dev/dma_heap/${name}`,
            flags: undefined,
            errno: 'ENOENT',
          })
        : undefined,
  ],
  [
    HEAP_PATH,
    ([, name = ''], line) => {
      const errno = errnoOf(line.text);
      if (
        line.isCommand ||
        IS_RUNTIME.test(line.text) ||
        /\b(?:open|openat|ioctl)\(\S*[^)]*\)\s*=/.test(line.text) ||
        /^\s*(?:ls|find|stat|chmod|chgrp|chown|ln|rm|mv|setfacl|mknod):/.test(line.text)
      )
        return undefined;
      const said =
        errno ??
        (/\b(?:cannot|could not|can't|failed|fail|unable|error)\b|打不开|失败|无法/i.test(line.text)
          ? undefined
          : null);
      if (said === null) return undefined;
      if (said === 'ENOMEM' || (ALLOCATES.test(line.text) && !/open/i.test(line.text)))
        return clue(line, 'allocation', { errno: said, bytes: bytes(/(\d{4,})/.exec(line.text)?.[1]), heap: name });
      return clue(line, 'open', {
        path: `/dev/dma_heap/${name}`,
        flags: /O_\w+(?:\|O_\w+)*/.exec(line.text)?.[0],
        errno: said,
      });
    },
  ],
  // A name alone, without the directory.
  [
    /\bopen(?:s|ed|ing)?\b[^/]{0,20}?(?<![\w,@-])((?:linux,cma|reserved|system|default_cma_region)(?:[-,][\w,-]*\w)?|(?:qcom,|mtk_)[\w,-]*\w)\b['")]*\s*[:,-].*/,
    ([text, name = ''], line) =>
      line.isCommand || errnoOf(text) === undefined
        ? undefined
        : clue(line, 'open', { path: `/dev/dma_heap/${name}`, flags: undefined, errno: errnoOf(text) }),
  ],
  [
    /Could not open any (?:dma-?buf provider|dma-?Heap device)|no dma[-_ ]?heap (?:device|provider)|dma[-_]?heap.*not (?:available|supported)|(?:failed to|cannot|can't|could ?n[o']t|unable to) open (?:the |any |a )?dma[-_ ]?heap(?! \/)|open dma[-_ ]heap type \w+ fail/i,
    (_m, line) => (/^E(?:ACCES|PERM)$/.test(errnoOf(line.text) ?? '') ? undefined : clue(line, 'noProvider', {})),
  ],
  [
    /open dma[-_ ]heap (?:type \w+ )?(\S+) fail|(?:[Uu]nable|[Ff]ailed) to open (?:DMA-BUF|dma-?buf) heap:? (\S+)|Unable to allocate from DMA-BUF heap:? (\S+)|(?:find|found|open|no such) (?:the )?(?:memory |dma[-_ ]?(?:buf)?[-_ ]?)?heap (?:named |called )?['"\u2018\u201c]?([a-z][\w,@-]*[\w])['"\u2019\u201d]?(?=[\s.!,:;]|$)/,
    ([text, a, b, c, d], line) => {
      const name = (a ?? b ?? c ?? d ?? '').replace(/[.!,:]$/, '');
      if (line.isCommand || HEAP_PATH.test(line.text) || (d !== undefined && !UNAVAILABLE.test(line.text)))
        return undefined;
      const isUnknown = /find|no such/i.test(text);
      const isName = HEAP_NAME.test(name) || vendorOf(name) !== undefined || isQuoted(line.text, name);
      return clue(line, 'open', {
        path: `/dev/dma_heap/${name}`,
        flags: undefined,
        errno: errnoOf(line.text) ?? (isUnknown ? 'ENOENT' : undefined),
        isWord: !isName,
      });
    },
  ],
  [
    /DMA_HEAP_IOCTL_ALLOC|DMA_HEAP_ALLOC|dma[-_ ]?heap[-_ ]?alloc\w*|dmaHeap.*alloc|alloc(?:at\w+)?.*(?:from )?dma[-_ ]?heap|heap alloc\w*/i,
    (_m, line) => {
      const errno = errnoOf(line.text);
      const isFault = errno !== undefined || /\bfail|error|\b-1\b|失败/i.test(line.text);
      if (!isFault || /ioctl\(\d|\bopen dma[-_ ]heap\b/.test(line.text) || HEAP_PATH.test(line.text) || line.isCommand)
        return undefined;
      return clue(line, 'allocation', {
        errno,
        bytes: bytes(/(?:len|size|bytes)\D{0,4}(\d{4,})/i.exec(line.text)?.[1]),
        heap: undefined,
      });
    },
  ],
  [
    /(?:request|allocate|export|alloc)\D{0,30}(\d+) buffers: (?:Cannot allocate memory|.*-12)|VIDIOC_(?:REQBUFS|CREATE_BUFS).*(?:Cannot allocate memory|ENOMEM|-12)|Failed to allocate required memory|无法分配所需的内存|failed to allocate (?:capture|video|output) buffers|Buffer pool activation failed/i,
    (_m, line) => clue(line, 'allocation', { errno: 'ENOMEM', bytes: undefined, heap: undefined }),
  ],
  [
    ANYTHING,
    (_m, line) =>
      line.isCommand || line.isLog || errnoOf(line.text) !== 'ENOMEM' || OWN_MEMORY.test(line.text)
        ? undefined
        : clue(line, 'allocation', { errno: 'ENOMEM', bytes: undefined, heap: undefined }),
  ],
  [
    /\b(?:[mM]map|map(?:ping)?)\b.*(?:fail|error|could not|cannot)?.*(?:Permission denied|EACCES)|Failed to mmap plane: Permission denied/i,
    (_m, line) =>
      /=\s*-1|\/dev\/(?!dma)/.test(line.text) || line.isCommand ? undefined : clue(line, 'mapped', { errno: 'EACCES' }),
  ],
  [
    /^\s*(?:ok|OK|success(?:ful(?:ly)?)?|passed|PASS)\b(?!\s*:?\s*0)|\bmapped and written\b|captured? (?:image|\d+ frames)|image received|\bverdict[: ]+PASS\b|成功/i,
    (_m, line) => (line.isCommand || errnoOf(line.text) !== undefined ? undefined : clue(line, 'works', {})),
  ],
];

const CATALOGUED = new Set(DIAGNOSES.map(({ id }) => id));

/** Lines of a report: a person may write the names in a sentence as well. */
const REPORTS =
  /\b(?:not ok|FAIL|WARN)\b|^\W*(?:ok|PASS|SKIP|fail|warn|pass)\b|\bdmaheap-verify(?:\[\d+\])?: |\bdiagnosis"?\s*[:=]|"status"\s*:|<(?:failure|skipped|testcase)\b/;

/** A result of the verifier in any of its formats: its name for the cause is the answer. */
const verifier: Reader = {
  as: 'a report of dmaheap-verify',
  read(lines, at): readonly Clue[] {
    const line = lines[at];
    if (line === undefined || !REPORTS.test(line.text)) return [];
    const status = /\b(not ok|ok|FAIL|WARN|PASS|fail|warn|pass)\b/.exec(line.text)?.[1] ?? 'FAIL';
    return [...line.text.matchAll(/\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b/g)]
      .filter(([id]) => CATALOGUED.has(id))
      .map(([id]) => clue(line, 'verifier', { id, status }));
  },
};

export const PROGRAM_READERS: readonly Reader[] = [
  tableReader('system calls of a program', CALLS),
  tableReader('messages of programs', MESSAGES),
  verifier,
];
