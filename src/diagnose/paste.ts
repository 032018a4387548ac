/** A pasted text as lines, with the command that each line was printed by and the place it was typed in. */
import { hasOptionLine } from '../kconfig/option-line.js';
import { unwrapped } from './unwrap.js';

/** `container`: typed inside one, or below a heading that names one. */
export type View = 'host' | 'container';

export interface PastedLine {
  /** Without colours, carriage returns and the prefixes of journals. */
  readonly text: string;
  /** As it was pasted. */
  readonly raw: string;
  /** The command whose output this is; '' before the first prompt. */
  readonly command: string;
  /** The line is the command itself. */
  readonly isCommand: boolean;
  readonly view: View;
  /** Whether the shell was root's. */
  readonly isRoot: boolean;
  readonly file: string;
  /** A line of the kernel's log, with its clock or between the first line of a boot and the first program. */
  readonly isLog: boolean;
}

const ESCAPE = String.fromCharCode(27);

/** Without colours and other things that a terminal acts on. */
function printed(text: string): string {
  const [first = '', ...rest] = text.split(ESCAPE);
  const plainText = [first, ...rest.map((part) => part.replace(/^(?:\[[0-9;?]*[ -/]*[@-~]|\][^\p{Cc}]*)/u, ''))].join(
    '',
  );
  return plainText.replace(/(?![\n\t])\p{Cc}|[\u200b\ufeff]/gu, '');
}

/** Prompts of shells on boards and desktops; what follows is the command. */
const PROMPT =
  /^\s*(?:\d+\|)?(?<place>\[?[\w.+-]+@[\w.-]+(?:[:\s][^$#>\]]{0,80})?\]?|\([\w.-]+\)\s*[\w.+@:~/-]*|~|\/[\w/.-]*|[\w-]+:[~/][\w/.-]*|(?:ba)?sh-[\d.]+)?\s*(?<sign>[$#%])\s+(?<command>\S.*)$/;

/** A line that is a command without a prompt: its words are options, paths and quotes, not prose. */
const WORD = String.raw`(?:-[\w-]+|\||&&|;|\d*>+\S*|[^\s]*[/=*'"$.][^\s]*|\w+(?=\s*\||\s*$))`;
const BARE = new RegExp(
  String.raw`^(?!.*:\s)\s*(?:sudo\s+)?(?:(?:ls|cat|zcat|tail|head|e?grep|zgrep|stat|find|dtc|hexdump)(?:\s+${WORD})+|(?:dmesg|lsmod|mount|free)(?:\s+${WORD})*|(?:id|groups|uname|getconf)(?:\s+-?[\w-]+)?)\s*$`,
);

const ENTERS =
  /\b(?:docker(?:[- ]compose)?|podman|nerdctl|crictl|kubectl|lxc|incus)\s+(?:\S+\s+)*?(?:exec|attach|shell|run)\b|\blxc-attach\b|\bmachinectl\s+shell\b|\bsystemd-nspawn\b|\bwaydroid\s+shell\b|\bdistrobox\s+enter\b|\btoolbox\s+(?:enter|run)\b|\bsnap\s+run\s+--shell\b|\bflatpak\s+run\b/;
/** Of these the command behind them is what runs inside; without one, what follows is typed inside. */
const INTERACTIVE = /(?:\b(?:ba|a|z)?sh|\/bin\/\w*sh|\s-it?\s+\S+|shell|enter|attach)\s*$/;

const IN_CONTAINER =
  /^\W{0,4}(?:in(?:side)?|within|from)\s+(?:of\s+)?(?:the\s+|my\s+)?(?:\w+\s+)?(?:container|docker|lxc|pod|sandbox|guest)\b[^.]{0,40}:?\s*$|容器(?:内|里|中)\s*[:：]?\s*$/i;
const ON_HOST =
  /^\W{0,4}(?:(?:and\s+)?on|from)\s+(?:the\s+)?host\b[^.]{0,30}:?\s*$|宿主机(?:上)?\s*[:：]?\s*$|^\W{0,4}host\s*:?\s*$/i;

/** A name that Docker gives a host, or one that is usual for a container. */
const isContainerHost = (place: string, text: string) => {
  const host = /@([\w.-]+)/.exec(place)?.[1] ?? '';
  if (/^[0-9a-f]{12}$/.test(host)) return true;
  return (
    /^(?:frigate|jellyfin|plex|emby|immich|homeassistant|a0d7b954-|ccab4aaf-|waydroid|ubuntu-ct|ct-?\d+)/.test(host) &&
    /\b(?:docker|compose|container|lxc|podman|waydroid|add-?on)\b/i.test(text)
  );
};

/** Where the shell is that the lines come from. */
class Place {
  view: View = 'host';
  /** Of the shell that a container was entered from; its return ends the visit. */
  #outer: string | undefined;
  #heading: View = 'host';
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  heading(line: string): void {
    if (IN_CONTAINER.test(line)) this.view = this.#heading = 'container';
    else if (ON_HOST.test(line)) this.view = this.#heading = 'host';
  }

  prompt(place: string, command: string): void {
    const note = /\s#\s*(?:(?:on|in) )?(?:the )?(host|container)\b/.exec(command)?.[1];
    const enters = ENTERS.test(command);
    if (this.#outer !== undefined && (place === this.#outer || command === 'exit')) this.#outer = undefined;
    if (enters && INTERACTIVE.test(command)) this.#outer = place;
    const isInside =
      enters || this.#outer !== undefined || isContainerHost(place, this.#text) || this.#heading === 'container';
    this.view = note !== undefined ? (note as View) : isInside ? 'container' : 'host';
  }
}

const BOOT_BEGINS = /\bBooting Linux on |\bLinux version \d/;
const BOOT_ENDS = /\bRun \/\S+ as init process|\bFreeing unused kernel|^\s*(?:systemd\[1\]|INIT: version|Welcome to)\b/;

/** The marks of a quoted mail or an answer in a forum, as deep as they go. */
const QUOTE = /^[ \t]*(?:>[ \t]?)+/gm;

/** Numbers before lines, as `cat -n`, `grep -n`, editors and viewers of logs write them. */
const NUMBERED = /^[ \t]*(\d+)(?::|[ \t]*\|[ \t]?|\t|[ \t]{1,2}(?=\S|$))/;
/** Of the lines that are not empty. */
const MOST = 0.9;

/** Without the numbers that count the lines. A list that begins with numbers (/proc/devices) does not count. */
function withoutNumbers(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const numbers = lines.flatMap((line) => {
    const found = NUMBERED.exec(line)?.[1];
    return found === undefined ? [] : [Number(found)];
  });
  if (numbers.length < 2 || numbers.length < lines.length * MOST) return text;
  if (numbers.length === 2 && numbers[0] !== 1) return text;
  const steps = numbers.slice(1).map((number, i) => number - (numbers[i] ?? 0));
  const isCounting = steps.filter((step) => step === 1).length >= steps.length * MOST;
  const isGrep = steps.every((step) => step > 0) && lines.every((line) => /^[ \t]*\d+:/.test(line));
  return isCounting || isGrep ? text.replace(new RegExp(NUMBERED.source, 'gm'), '') : text;
}

const ENTITIES: Readonly<Record<string, string>> = { quot: '"', apos: "'", '#39': "'", '#x27': "'", gt: '>', lt: '<' };

/** With the quotes of ASCII: pages write entities for them, and word processors typographic ones. */
const plainQuotes = (text: string): string =>
  text
    .replaceAll(/&(quot|apos|#39|#x27|gt|lt);/gi, (_all, name: string) => ENTITIES[name.toLowerCase()] ?? '')
    .replaceAll('&amp;', '&')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[\u201c\u201d]/g, '"');

/** A terminal program that logs writes the time before each line, the prompts included. */
const TERMINAL_CLOCK = /^[ \t]*\[(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(?:[.,]\d+)?\] ?/;

/** Bytes as text, such as a core file in base64: hundreds of patterns would search each of its characters for a beginning. */
const BYTES = /([\w+/=-]{512})[\w+/=-]+/g;

export function readPaste(file: string, raw: string): PastedLine[] {
  let text = printed(raw.replace(/\r\n?/g, '\n').replace(BYTES, '$1'));
  if ((text.match(/^[ \t]*>/gm)?.length ?? 0) > 1) text = text.replace(QUOTE, '');
  text = unwrapped(outOfFrame(withoutNumbers(text)));
  const lines: PastedLine[] = [];
  const where = new Place(text);
  let command = '';
  let isRoot = false;
  let isBooting = false;
  const push = (line: Pick<PastedLine, 'text' | 'raw' | 'isCommand' | 'isLog'>) =>
    lines.push({ ...line, command, view: where.view, isRoot, file });
  for (const line of text.split('\n')) {
    const quoted = plainQuotes(line);
    const typed = quoted.replace(TERMINAL_CLOCK, '');
    const prompt = hasOptionLine(line) ? undefined : PROMPT.exec(typed)?.groups;
    if (prompt !== undefined) {
      const { place = '', sign } = prompt;
      command = (prompt['command'] ?? '').trim();
      isRoot = sign === '#' || /^\[?root@/.test(place);
      isBooting = false;
      where.prompt(place, command);
      push({ text: command, raw: line, isCommand: true, isLog: false });
      continue;
    }
    if (BARE.test(typed)) {
      command = typed.trim();
      isBooting = false;
      push({ text: command, raw: line, isCommand: true, isLog: false });
      continue;
    }
    where.heading(line);
    const said = plain(quoted);
    const isClocked = CLOCKED.test(line);
    // Where the log has clocks, a line without one is not of it.
    if (BOOT_BEGINS.test(said)) isBooting = !isClocked;
    if (said.trim() === '') isBooting = false;
    push({ text: said, raw: line, isCommand: false, isLog: isBooting || isClocked });
    if (BOOT_ENDS.test(said)) isBooting = false;
  }
  return lines;
}

/** Dates and clocks before a line: of syslog, journalctl, terminal programs, logcat. */
const CLOCK = new RegExp(
  [
    String.raw`[A-Z][a-z]{2}\s+\d+\s+[\d:.]{8,}\s+\S+\s+kernel:`,
    String.raw`\d{4}-\d\d-\d\d[T ][\d:.,]+(?:[+-]\d\d:?\d\d|Z)?\s+\S+\s+kernel:`,
    String.raw`\d{4}-\d\d-\d\d[T ][\d:]+[.,]\d+(?:[+-]\d\d:?\d\d|Z)?`,
    String.raw`\[(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?\]`,
    String.raw`\d\d-\d\d\s+\d\d:\d\d:\d\d\.\d+\s+\d+\s+\d+\s+[VDIWEF]\s+(?:kernel\s*)?:`,
    String.raw`[a-z]+\s*:[a-z]+\s*:(?=\s*\[)`,
  ]
    .map((one) => `(?:${one})`)
    .join('|'),
);
const BEFORE = new RegExp(String.raw`^\s*(?:<\d+>)?(?:${CLOCK.source})\s*(?:kernel:\s*)?`);
/** Since the boot, with the processor or task that CONFIG_PRINTK_CALLER and vendors add. */
const UPTIME =
  /^\s*(?:<\d+>)?(?:kernel:\s*)?\[\s*\+?\d+\.\d{1,6}\](?:\s?\[\s*[TC]\d+\]|\s?\.?\(\d\)\[\d+:[^\]]*\])?\s?/;
const DATE = /^\s*\[[A-Z][a-z]{2} [A-Z][a-z]{2}\s+\d+ [\d:]+ \d{4}\]\s?/;

const CLOCKED = new RegExp(
  String.raw`${UPTIME.source}|${DATE.source}|^\s*(?:<\d+>)?(?:${CLOCK.source})\s*\[\s*\d+\.\d+\]|\bkernel: `,
);

/** Without the prefix of a journal or of dmesg. */
function plain(line: string): string {
  return line
    .replace(/^\s*<\d+>/, '')
    .replace(BEFORE, '')
    .replace(UPTIME, '')
    .replace(DATE, '')
    .trimEnd();
}

/** Without the indent that all lines share, and the marks of a block of code. */
function outOfFrame(text: string): string {
  const lines = text.replace(/^\s*(?:```|~~~)\w*\s*$/gm, '').split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0);
  const shared = indents.length > 1 ? Math.min(...indents) : 0;
  return lines.map((line) => line.slice(shared)).join('\n');
}
