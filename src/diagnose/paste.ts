/** A pasted text as lines, with the command that each line was printed by and the place it was typed in. */
import { hasOptionLine } from '../kconfig/index.js';

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

export function readPaste(file: string, raw: string): PastedLine[] {
  let text = printed(raw.replace(/\r\n?/g, '\n'));
  const all = text.split('\n').filter((line) => line.trim() !== '');
  // A quoted mail or an answer in a forum.
  if (all.length > 0 && all.filter((line) => /^\s*>/.test(line)).length > all.length * 0.7)
    text = text.replace(/^\s*> ?/gm, '');
  const lines: PastedLine[] = [];
  const where = new Place(text);
  let command = '';
  let isRoot = false;
  for (const line of text.split('\n')) {
    const prompt = hasOptionLine(line) ? undefined : PROMPT.exec(line)?.groups;
    if (prompt !== undefined) {
      const { place = '', sign } = prompt;
      command = (prompt['command'] ?? '').trim();
      isRoot = sign === '#' || /^\[?root@/.test(place);
      where.prompt(place, command);
      lines.push({ text: command, raw: line, command, isCommand: true, view: where.view, isRoot, file });
      continue;
    }
    where.heading(line);
    lines.push({ text: plain(line), raw: line, command, isCommand: false, view: where.view, isRoot, file });
  }
  return lines;
}

/** Without the prefix of a journal or of dmesg. */
function plain(line: string): string {
  return line
    .replace(/^\s*<\d+>/, '')
    .replace(
      /^(?:[A-Z][a-z]{2}\s+\d+\s+[\d:]{8}|\d{4}-\d\d-\d\d[T ][\d:.,]+(?:[+-]\d\d:?\d\d|Z)?)\s+\S+\s+kernel:\s*/,
      '',
    )
    .replace(/^\s*(?:kernel:\s*)?\[\s*\d+\.\d{4,6}\](?:\[\s*[TC]\d+\])?\s?/, '')
    .replace(/^\s*\[[A-Z][a-z]{2} [A-Z][a-z]{2}\s+\d+ [\d:]+ \d{4}\]\s?/, '')
    .trimEnd();
}
