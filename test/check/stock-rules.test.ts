/** Generated rules beside those that systems ship: udev's order decides, and the profile must have the last word. */
import { expect, test } from 'vitest';
import { deviceEvent, finalGroup, finalMode, heapDevice, orderRules } from '../../src/check/udev-event.js';
import { render } from '../../src/render/index.js';
import { SourceText } from '../../src/source/index.js';
import { samplePlan } from '../render/sample-plan.js';

/** What Raspberry Pi OS and Armbian say of heaps, in our words. */
const STOCK: readonly (readonly [target: string, generated: string, file: string, rule: string])[] = [
  [
    'raspberrypi',
    'raspberrypi/70-dmaheap.rules',
    'usr/lib/udev/rules.d/60-dma-heap.rules',
    'SUBSYSTEM=="dma_heap", MODE="0666", GROUP="audio"\nKERNEL=="linux,cma", SUBSYSTEM=="dma_heap", OPTIONS+="link_priority=-50", SYMLINK+="dma_heap/vidbuf_cached"\n',
  ],
  [
    'armbian',
    'armbian/userpatches/extensions/dmaheap/70-dmaheap.rules',
    'etc/udev/rules.d/60-media.rules',
    'SUBSYSTEM=="dma_heap", MODE="0666", GROUP="audio"\n',
  ],
];

test.each(STOCK)('%s: the profile decides, and what it says nothing about stays', (target, generated, file, rule) => {
  const plan = samplePlan();
  const artifacts = render(plan, { version: '0.0.0', targets: [target] }).value ?? [];
  const text = artifacts.find((artifact) => artifact.path === generated)?.text ?? '';
  const stock = new SourceText(file, rule);
  // Where the README says that ours goes: the stock file sorts before it in every directory.
  const both = orderRules([new SourceText('usr/lib/udev/rules.d/70-dmaheap.rules', text), stock]);
  const accounts = { groups: new Set(['audio', 'render', 'video', 'root']) };
  const judged = (files: readonly SourceText[], name: string) => {
    const event = deviceEvent(files, heapDevice(name), accounts);
    return [finalGroup(event), finalMode(event).toString(8), event.links.map((link) => link.value)] as const;
  };
  for (const { access, nodes } of plan.heaps)
    for (const { name } of nodes) {
      const [group, mode] = judged(both, name);
      const expected = access === undefined ? ['audio', '666'] : [access.group, access.mode.toString(8)];
      expect([group, mode], name).toEqual(expected);
    }
  const [, , links] = judged(both, 'linux,cma');
  expect(links).toContain('dma_heap/camera');
  if (rule.includes('vidbuf')) expect(links).toContain('dma_heap/vidbuf_cached');
  // The stock rule alone would have decided otherwise: the comparison means something.
  expect(judged([stock], 'linux,cma').slice(0, 2)).toEqual(['audio', '666']);
});
