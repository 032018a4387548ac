/** File systems that are mounted over the nodes of the heaps: by /etc/fstab and by mount units. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { type Image, lastOf } from '../image/index.js';
import { reportImage as report } from './image-codes.js';
import type { Services } from './image-units.js';

const OVER = /^\/dev(?:\/dma_heap)?\/?$/;

const hidden = (what: string, target: string, span: Span): Diagnostic =>
  report('image/mounted-over', {
    message: `${what} is mounted over ${target} and hides the nodes of the heaps`,
    fix: 'remove this mount; devtmpfs on /dev has the nodes',
    span,
  });

export function checkMounts(image: Image, { files }: Services): Diagnostic[] {
  const found: Diagnostic[] = [];
  const fstab = image.text('etc/fstab');
  let offset = 0;
  for (const line of (fstab?.text ?? '').split('\n')) {
    const start = offset;
    offset += line.length + 1;
    const [what = '', target = '', type = '', options = ''] = line.trim().split(/\s+/);
    if (fstab === undefined || what.startsWith('#') || !OVER.test(target) || type === 'devtmpfs') continue;
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
