/** A prediction in words, for the terminal and the report: what is not certain is told as such. */
import { formatAddress, formatBytes } from '../quantity/index.js';
import type { PredictedArea, Prediction } from './prediction.js';

const FIELD_WORDS: Readonly<Record<string, string>> = { cmaTotalBytes: 'CmaTotal', rejected: 'refused nodes' };

function fieldWords({ areas }: Prediction, field: string): string {
  const [, index, property] = /^areas\[(\d+)\]\.(\w+)$/.exec(field) ?? [];
  if (index === undefined) return FIELD_WORDS[field] ?? field;
  return `${property === 'sizeBytes' ? 'size' : 'address'} of ${areas[Number(index)]?.name ?? field}`;
}

/** What is not known, once for each fact that decides it: `heaps, areas: needs ...`. */
export function openWords(prediction: Prediction): readonly string[] {
  const needs = [...new Set(prediction.unknown.map((one) => one.needs))];
  return needs.map((need) => {
    const fields = prediction.unknown.filter((one) => one.needs === need).map(({ field }) => field);
    return `${fields.map((field) => fieldWords(prediction, field)).join(', ')}: needs ${need}`;
  });
}

export const isOpen = ({ unknown }: Prediction, field: string): boolean => unknown.some((one) => one.field === field);

/** `, with 2 of 6 boot-loader layouts only` where an area is not certain; nothing where it is. */
function certaintyOf(prediction: Prediction, { name }: PredictedArea): string {
  if (!isOpen(prediction, 'areas')) return '';
  const { layouts } = prediction;
  const made = layouts.filter(({ areas }) => areas.some((area) => area.name === name)).length;
  // Something else than the layout decides.
  return made === layouts.length ? ', not certain' : `, with ${made} of ${layouts.length} boot-loader layouts only`;
}

function placeOf({ baseAddress, likelyBaseAddress }: PredictedArea): string {
  if (baseAddress !== null) return `at ${formatAddress(baseAddress)}`;
  return likelyBaseAddress === null
    ? 'at an address that only a boot shows'
    : `probably at ${formatAddress(likelyBaseAddress)}`;
}

/** `linux,cma: 64 MiB at 0x70000000, the default area`. */
export const areaWords = (prediction: Prediction, area: PredictedArea): string =>
  `${area.name}: ${formatBytes(area.sizeBytes)} ${placeOf(area)}${area.isDefault ? ', the default area' : ''}${certaintyOf(prediction, area)}`;

/** `U-Boot with bootm_size=256 MiB: boots without linux,cma, with the default area "reserved" of 16 MiB at 0xdf000000`. */
export function layoutWords(prediction: Prediction, { layout, outcome, areas }: Prediction['layouts'][number]): string {
  const wanted = [...prediction.areas, ...prediction.layouts.flatMap((one) => one.areas)].filter(
    ({ source }) => source === 'node',
  );
  const lost = [...new Set(wanted.map(({ name }) => name))].filter((name) => !areas.some((area) => area.name === name));
  const made = areas.map(
    ({ name, source, baseAddress, sizeBytes }) =>
      `${source === 'node' ? name : `the default area "${name}" of`} ${formatBytes(sizeBytes)}${baseAddress === null ? '' : ` at ${formatAddress(baseAddress)}`}`,
  );
  const without = lost.length === 0 ? '' : ` without ${lost.join(', ')}`;
  const having = made.length === 0 ? (without === '' ? ' without an area' : '') : ` with ${made.join(', ')}`;
  return `${layout}: ${outcome}${without}${without !== '' && having !== '' ? ',' : ''}${having}`;
}
