/**
 * `npm run test:udev`: systemd's own `udevadm verify` (Debian trixie's, from the cache) reads every rules file that the
 * hostile suite and the example boards lead to (Debian 12's udevadm has no `verify` yet), and its `udevadm test` judges
 * what we say of random ones.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { render } from '../../src/render/index.js';
import { textsOf, withValue } from '../hostile/attack.js';
import { HOSTILE } from '../hostile/values.js';
import { BOARDS, examplePlan } from '../render/examples.js';
import { samplePlan } from '../render/sample-plan.js';
import { trixieUdevadm } from '../targets/tools.js';
import { compareEvents } from './udev-events.js';

/** One per fault that udevadm must find, or its silence about ours means nothing. */
const BROKEN = {
  quote: 'SUBSYSTEM=="dma_heap", GROUP="vid"eo"\n',
  operator: 'SUBSYSTEM=="dma_heap", GROUP=="video"\n',
  key: 'SUBSYSTEM=="dma_heap", GRUOP="video"\n',
};

const [loader, ...command] = await trixieUdevadm();
const udevadm = (...args: string[]) => execa(loader, [...command, ...args], { reject: false, all: true });

const rules = new Set<string>();
const collect = (plan: Parameters<typeof render>[0]) => {
  const rendered = render(plan, { version: '0.0.0', targets: ['udev'] }).value ?? [];
  for (const artifact of rendered) if (artifact.path.endsWith('.rules')) rules.add(artifact.text);
};
const sample = samplePlan();
for (const place of textsOf(sample))
  for (const hostile of Object.values(HOSTILE)) collect(withValue(sample, place, hostile));
const hostileCount = rules.size;
for (const board of BOARDS) collect(examplePlan(board).plan);

const directory = mkdtempSync(path.join(tmpdir(), 'dmaheap-udev-'));
try {
  const files = [...rules].map((text, i) => {
    const file = path.join(directory, `${i}.rules`);
    writeFileSync(file, text);
    return file;
  });
  const ours = await udevadm('verify', '--resolve-names=never', ...files);
  for (const [name, text] of Object.entries(BROKEN)) {
    const file = path.join(directory, `broken-${name}.rules`);
    writeFileSync(file, text);
    if ((await udevadm('verify', '--resolve-names=never', file)).exitCode === 0)
      throw new Error(`udevadm accepted a rule with a broken ${name}: it judges nothing`);
  }
  if (ours.exitCode !== 0) console.error(ours.all);
  console.log(
    `udevadm ${(await udevadm('--version')).stdout}: ${hostileCount} hostile and ${rules.size - hostileCount} board rules files, ` +
      `${ours.exitCode === 0 ? 'all clean' : 'NOT clean'}; ${Object.keys(BROKEN).length} broken ones refused`,
  );
  const events = await compareEvents([loader, ...command], process.argv.includes('--long') ? 2000 : 150);
  if (events === undefined) console.log('udevadm test: NOT RUN, no mount namespace can be had here (root?)');
  else
    console.log(`udevadm test: ${events.compared} sets of random rules, ${events.different.length} judged differently`);
  for (const text of events?.different ?? []) console.error(text);
  const failed = (ours.exitCode === 0 ? 0 : 1) + ((events?.different.length ?? 0) === 0 ? 0 : 1);
  const skipped = events === undefined ? 1 : 0;
  console.log(`${2 - failed - skipped} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true });
}
