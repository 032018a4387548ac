/** Who gets which heap: no import gives more than the rules gave, and what it says of a rule is what the rule has. */
import { describe, expect, test } from 'vitest';
import { findFolklore } from '../../src/facts/folklore.js';
import { readAccess } from '../../src/import/access.js';
import { importSetup } from '../../src/import/index.js';
import { SourceText } from '../../src/source/index.js';

const HEAP = 'SUBSYSTEM=="dma_heap"';
const read = (text: string) => {
  const { value, diagnostics } = readAccess([new SourceText('60-x.rules', `${text}\n`)], ['system']);
  const own = diagnostics.filter(({ code }) => code.startsWith('import/'));
  return {
    access: value.access.get('system'),
    said: own.map(({ message }) => message),
    fixes: own.map(({ fix }) => fix),
    value,
  };
};

describe('a mode', () => {
  test.each([
    ['GROUP="video", MODE="0600"', 'video', 0o600],
    ['GROUP="video", MODE="0620"', 'video', 0o620],
    ['GROUP="video", MODE="0640"', 'video', 0o640],
    ['GROUP="video", MODE="0770"', 'video', 0o660],
    ['GROUP="video", MODE="0666"', 'video', 0o660],
    ['GROUP="video", MODE="0604"', 'video', 0o640],
  ])('of %s opens the heap to nobody new', (rule, group, mode) => {
    expect(read(`${HEAP}, ${rule}`).access).toMatchObject({ group, mode });
  });

  test.each(['MODE="0600"', 'GROUP="root", MODE="0660"', 'GROUP="0"'])('of %s leaves the heap to root', (rule) => {
    const { access, said } = read(`${HEAP}, ${rule}`);
    expect(access?.group).toBeUndefined();
    expect(said).toEqual([expect.stringContaining('gives the heap to root only')]);
  });
});

test('a group by number is named, and how to find its name', () => {
  const { said, fixes } = read(`${HEAP}, GROUP="44", MODE="0660"`);
  expect(said).toEqual(['a profile cannot have GROUP="44"; assuming "dmaheap"']);
  expect(fixes[0]).toContain('getent group 44');
});

describe('of several rules', () => {
  test('one that never matches does not beat one that does, and is not called overridden', () => {
    const never = 'KERNEL=="dma_heap/*", GROUP="render", MODE="0666"';
    const { access, said } = read(`${HEAP}, GROUP="video", MODE="0640"\n${never}`);
    expect(access).toMatchObject({ group: 'video', mode: 0o640 });
    expect(said).toEqual([]);
    expect(read(never).access).toMatchObject({ group: 'render', mode: 0o660 });
  });

  test('a program has the last word, and is quoted as it stands', () => {
    const run = 'RUN+="/bin/chmod 666 /dev/dma_heap/system"';
    expect(read(`KERNEL=="dma_heap/*", MODE="0666"\n${HEAP}, ${run}`).said).toEqual([
      `${run} becomes 0660`,
      expect.stringContaining('does not name a group'),
    ]);
    const { access, said } = read(`${HEAP}, ${run}\n${HEAP}, GROUP="video", MODE="0640"`);
    expect(access).toMatchObject({ group: 'video', mode: 0o660 });
    expect(said[0]).toBe(`MODE="0640" is overridden by ${run} in 60-x.rules:1`);
  });
});

test('chmod of the directory is told from chmod of its nodes, and -R is both', () => {
  const said = (command: string) => findFolklore(new SourceText('x', `${command}\n`))[0]?.message;
  expect(said('chmod -R a+rw /dev/dma_heap')).toMatch(
    /opens the nodes .* and opens the directory: every process may replace/,
  );
  expect(said('chmod --recursive 0777 /dev/dma_heap/')).toMatch(/opens the nodes .* opens the directory/);
  expect(said('chmod -R 666 /dev/dma_heap')).toMatch(/opens the nodes .* and closes the directory: only root/);
  expect(said('chmod 777 /dev/dma_heap')).toMatch(/opens the directory: .*the modes of the nodes do not change/);
  expect(said('chmod 755 /dev/dma_heap')).toMatch(/leaves the directory as the kernel makes it/);
  const { access } = read(`${HEAP}, GROUP="video", RUN+="/bin/chmod -R g+rw /dev/dma_heap"`);
  expect(access).toMatchObject({ group: 'video', mode: 0o660 });
  expect(read(`${HEAP}, GROUP="video", RUN+="/bin/chmod a+rw /dev/dma_heap"`).access?.mode).toBe(0o660);
});

describe('a rule that gives nothing to a heap is named', () => {
  const WANT = 'GROUP="video", MODE="0660"';
  test.each([
    ['KERNEL=="video_cma"', 'KERNEL=="video_cma" may be for a heap'],
    ['KERNEL=="mtk_mm*"', 'KERNEL=="mtk_mm*" may be for a heap'],
    [`KERNEL=="qcom,system", ${WANT}\nKERNEL=="secure"`, 'KERNEL=="secure" may be for a heap'],
    [`${HEAP}, KERNEL=="mtk_mm*"`, 'KERNEL=="mtk_mm*" matches no heap that import knows by name'],
    ['SUBSYSTEM=="dma-heap"', 'SUBSYSTEM=="dma-heap" matches no heap'],
    ['SUBSYSTEM=="misc", KERNEL=="dma_heap"', 'KERNEL=="dma_heap" matches no heap'],
    ['KERNEL=="dma_heap*"', 'KERNEL=="dma_heap*" matches no heap'],
    [`${HEAP}, ACTION=="remove"`, 'the rule is for the removal of a heap'],
    [`${HEAP}, ATTR{x}=="1"`, 'the rule gives nothing to any heap'],
  ])('%s', (rule, message) => {
    const { said, value } = read(`${rule}, ${WANT}`);
    expect(said).toEqual([expect.stringContaining(message)]);
    expect(value.access.has('system')).toBe(false);
  });

  test('once, and no other device is', () => {
    expect(
      read(`${HEAP}, ${WANT}\nKERNEL=="mpp_service", ${WANT}\nSUBSYSTEM=="misc", KERNEL=="x", ${WANT}`).said,
    ).toEqual([]);
    expect(read(`KERNEL=="dma_heap", ${WANT}`).said).toHaveLength(1);
    expect(read(`SUBSYSTEM=="tpm", KERNEL=="secure", ${WANT}`).said).toEqual([]);
  });
});

describe('rules for vendor heaps alone', () => {
  test.each(['qcom,system', 'protected', 'system_cc_shared', 'display-heap'])('make no default area of %s', (name) => {
    const rules = [new SourceText('a.rules', `${HEAP}, KERNEL=="${name}", GROUP="video", MODE="0660"\n`)];
    const { value = '' } = importSetup({ configs: [], trees: [], rules });
    expect(value).not.toContain('"regions"');
    expect(value).toContain(`"kernelName": "${name}"`);
  });

  test.each(['linux,cma', 'reserved', 'default_cma_region', 'linux,*'])('but of %s', (name) => {
    const rules = [new SourceText('a.rules', `${HEAP}, KERNEL=="${name}", GROUP="video", MODE="0660"\n`)];
    expect(importSetup({ configs: [], trees: [], rules }).value).toContain('"regions"');
  });

  test('and i"SYSTEM" is the system heap', () => {
    const rules = [new SourceText('a.rules', `${HEAP}, KERNEL==i"SYSTEM", GROUP="video", MODE="0660"\n`)];
    const { value = '' } = importSetup({ configs: [], trees: [], rules });
    expect(value).toContain('"kind": "system"');
    expect(value).not.toMatch(/"regions"|SYSTEM/);
  });
});

describe('commands of RUN', () => {
  const heap = `${HEAP}, KERNEL=="system"`;
  test.each<[string, string | undefined, number | undefined]>([
    ['RUN+="/usr/bin/setfacl -m group:dsp:rw $devnode"', 'dsp', 0o660],
    ['RUN+="/usr/bin/setfacl --modify u:tv:rw,g:dsp:r-- $devnode"', 'dsp', 0o640],
    ['RUN+="/usr/bin/setfacl -m g:dsp:rwx /dev/dma_heap"', undefined, undefined],
    ['RUN+="/usr/bin/setfacl -R -m g:dsp:rw /dev/dma_heap"', 'dsp', 0o660],
    ['MODE="0660", RUN+="/bin/chown tv /dev/dma_heap/system"', 'dmaheap', 0o660],
    ['MODE="0660", RUN+="/bin/chown tv:dsp /dev/dma_heap/system"', 'dsp', 0o660],
    ['GROUP="dsp", MODE="0640", RUN+="chgrp video /dev/dma_heap/system"', 'dsp', 0o640],
    ['GROUP="dsp", MODE="0640", RUN+="/bin/chgrp video /dev/dma_heap/*"', 'dsp', 0o640],
    ['GROUP="dsp", MODE="0640", RUN+="/bin/sh -c \'chgrp video /dev/dma_heap/*\'"', 'video', 0o640],
  ])('%s', (rule, group, mode) => {
    const { access } = read(`${heap}, ${rule}`);
    expect([access?.group, access?.mode]).toEqual([group, mode]);
  });

  test('a rule whose values are final already matches heaps all the same', () => {
    const { access, said } = read(`${heap}, GROUP:="dsp", MODE:="0640"\n${heap}, GROUP="video", MODE="0660"`);
    expect(access).toMatchObject({ group: 'dsp', mode: 0o640 });
    expect(said).toEqual(['the rule gives nothing to any heap that import knows']);
  });
});
