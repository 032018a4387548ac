/** File systems that are mounted over the nodes of the heaps: by /etc/fstab and by mount units. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { type Image, lastOf } from '../image/index.js';
import type { SourceText } from '../source/index.js';
import { reportImage as report } from './image-codes.js';
import type { Services } from './image-units.js';

const OVER = /^\/dev(?:\/dma_heap)?\/?$/;

const hidden = (what: string, target: string, span: Span): Diagnostic =>
  report('image/mounted-over', {
    message: `${what} is mounted over ${target} and hides the nodes of the heaps`,
    fix: 'remove this mount; devtmpfs on /dev has the nodes',
    span,
  });

/** In a script. One of devtmpfs or a bind mount shows the nodes. */
const COMMAND =
  /^[ \t]*(?:[\w./]*\/)?(?:busybox[ \t]+)?mount[ \t]([^\n;&|#]*)[ \t]\/dev\/dma_heap\/?(?=[ \t]*(?:$|[;&|#]))/gm;

/** @param scripts that run at boot */
export function checkMounts(image: Image, { files }: Services, scripts: readonly SourceText[]): Diagnostic[] {
  const found: Diagnostic[] = scripts.flatMap((source) =>
    [...source.text.matchAll(COMMAND)]
      .filter(([, options = '']) => !/bind|devtmpfs|remount|--move|-M\b/.test(options))
      .map((match) => hidden(`"${match[0].trim()}"`, '/dev/dma_heap', source.span(match.index, match[0].length))),
  );
  const fstab = image.text('etc/fstab');
  let offset = 0;
  for (const line of (fstab?.text ?? '').split('\n')) {
    const start = offset;
    offset += line.length + 1;
    const [what = '', target = '', type = '', options = ''] = line.trim().split(/\s+/);
    if (fstab === undefined || what.startsWith('#') || !OVER.test(target)) continue;
    if (type === 'devtmpfs') {
      // The last of both counts. systemd-remount-fs applies the options of this line to /dev.
      const last = options.split(',').findLast((option) => option === 'dev' || option === 'nodev');
      if (last === 'nodev')
        found.push(
          report('image/mounted-over', {
            message: `${target} is mounted with nodev, so no device below it can be opened`,
            fix: 'remove nodev',
            span: fstab.span(start, line.length),
          }),
        );
      continue;
    }
    if (options.split(',').includes('noauto') || options.split(',').includes('bind')) continue;
    found.push(hidden(`${what} (${type})`, target, fstab.span(start, line.length)));
  }
  for (const unit of files.all('mount')) {
    const where = lastOf(unit, 'Where');
    const type = lastOf(unit, 'Type')?.value;
    if (where === undefined || !OVER.test(where.value) || type === 'devtmpfs' || !files.isWanted(unit.name)) continue;
    found.push(hidden(unit.name, where.value, where.source.span(where.offset, where.length)));
  }
  return found;
}
