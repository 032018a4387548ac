/** The same paste behind other clocks, quotes and line ends has the same cause. */
import { expect, test } from 'vitest';
import { diagnose } from '../../src/diagnose/index.js';
import { all } from './all.js';

const UPTIME = /^\s*\[\s*(\d+\.\d+)\]\s?/;
const clocked = (prefix: (seconds: string) => string) => (text: string) =>
  text
    .split('\n')
    .map((line) => {
      const match = UPTIME.exec(line);
      return match === null ? line : `${prefix((match[1] ?? '').padStart(12))}${line.slice(match[0].length)}`;
    })
    .join('\n');
const each = (change: (line: string) => string) => (text: string) => text.split('\n').map(change).join('\n');

/** As a terminal of that width shows it, from which it is copied; one long line alone is not known to be broken. */
const ofWidth = (width: number) => (text: string) => {
  const lines = text.split('\n');
  // A mail program marks the lines that it breaks, or breaks none.
  if (lines.filter((line) => line.length > width).length < 2 || /^\s*>/m.test(text)) return text;
  return lines.map((line) => line.match(new RegExp(`.{1,${width}}`, 'g'))?.join('\n') ?? line).join('\n');
};

/** What every log of a board has that works. */
const USUAL = `[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x412fd050]
[    0.000000] psci: PSCIv1.1 detected in firmware.
[    0.021344] pinctrl core: initialized pinctrl subsystem
[    1.204411] imx-sdma 30bd0000.dma-controller: Direct firmware load for imx/sdma/sdma-imx7d.bin failed with error -2
[    1.304411] mmc1: new ultra high speed SDR104 SDHC card at address aaaa
[    2.101112] systemd[1]: System time before build time, advancing clock.
[    4.101112] EXT4-fs (mmcblk1p2): mounted filesystem with ordered data mode. Quota mode: none.
`;

const FRAMES: readonly (readonly [string, (text: string) => string])[] = [
  ['journalctl', clocked(() => 'Nov 30 10:00:01 board kernel: ')],
  ['syslog', clocked((at) => `2026-11-30T10:00:01.123456+01:00 board kernel: [${at}] `)],
  ['dmesg -T', clocked(() => '[Mon Nov 30 10:00:01 2026] ')],
  ['dmesg -x', clocked((at) => `kern  :info  : [${at}] `)],
  ['dmesg of a time', clocked(() => '2026-11-30T10:00:01,123456+00:00 ')],
  ['a level', clocked((at) => `<6>[${at}] `)],
  ['a task', clocked((at) => `[${at}] [    T1] `)],
  ['a processor', clocked((at) => `[${at}] .(0)[0:swapper]`)],
  ['a terminal program', clocked((at) => `[2026-11-30 10:00:01] [${at}] `)],
  ['logcat', clocked(() => '11-30 10:00:01.123     0     0 I         : ')],
  ['no clock', clocked(() => '')],
  ['CRLF', (text) => text.replaceAll('\n', '\r\n')],
  ['a mail', each((line) => `> ${line}`)],
  ['a block', (text) => `\`\`\`\n${text}\n\`\`\`\n`],
  ['a terminal of 80 columns', ofWidth(80)],
  ['a terminal of 100 columns', ofWidth(100)],
  ['an indented block', each((line) => `    ${line}`)],
  ['the rest of the log', (text) => (UPTIME.test(text) && text.split('\n').length > 4 ? `${USUAL}${text}` : text)],
];

const causeOf = (text: string) => diagnose([{ file: 'paste.txt', text }]).causes[0]?.id;
const plain = new Map(all.map(({ text }) => [text, causeOf(text)]));

test.each(FRAMES)('%s', (_name, frame) => {
  const changed = all.filter(({ text }) => frame(text) !== text);
  expect(changed.length).toBeGreaterThan(0);
  for (const { text } of changed) expect([text, causeOf(frame(text))]).toEqual([text, plain.get(text)]);
});
