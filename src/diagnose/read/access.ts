/** udev's rules and messages, systemd units, and what containers are given. */
import { type Clue, clue, type Reader, type Row, tableReader } from '../clues.js';

const RULES: readonly Row[] = [
  [
    /(?:SUBSYSTEMS?|KERNELS?|GROUP|MODE|SYMLINK|NAME|TAG)\s*(?:[=!]=|[+:]?=)\s*"/,
    (_match, line) =>
      /^\s*#/.test(line.text) || /:\d+ (?:GROUP|MODE)/.test(line.text)
        ? undefined
        : clue(line, 'rule', {
            file: /([\w.+@/-]+\.rules)\s*:/.exec(line.text)?.[1] ?? /(\S+\.rules)/.exec(line.command)?.[1] ?? '',
            text: line.text.replace(/^\s*\S+\.rules:(?:\d+:)?/, ''),
          }),
  ],
  [
    // The second form is that of newer releases of systemd.
    /^(?:.*?(?<!\S)(\S+): )?(\/\S+\.rules):\d+:? (GROUP|MODE|OWNER)(?:\s|:?="[^"]*": Set \w+(?: ID)?: )'?(?:[\w.-]+\()?(\w+)/,
    ([, device = '', file = '', key = '', value = ''], line) => clue(line, 'ruleApplied', { device, file, key, value }),
  ],
];

/** `grep dma_heap rules.d` with nothing below it. */
const noRules: Reader = {
  as: 'a search of udev rules',
  read(lines, at): readonly Clue[] {
    const line = lines[at];
    if (line === undefined || !line.isCommand || !/\bgrep\b.*(?:dma|heap).*rules/.test(line.command)) return [];
    let next = at + 1;
    while (next < lines.length && lines[next]?.text.trim() === '') next += 1;
    const below = lines[next];
    return below === undefined ||
      below.isCommand ||
      /^\s*(?:[~$#]|\S+[$#])\s*$/.test(below.text) ||
      /^\s*\S+@\S+[$#]\s*$/.test(below.text)
      ? [clue(line, 'noRules', {})]
      : [];
  },
};

const UNITS: readonly Row[] = [
  [/^\s*-?\s*(?:-p\s+)?DeviceAllow=(.*)$/, ([, value = ''], line) => clue(line, 'deviceAllow', { value })],
  [
    /(?:^|\s)DevicePolicy=(\S+)|(?:^|\s)PrivateDevices=(\w+)/,
    ([, policy, hidden], line) =>
      clue(line, 'devicePolicy', { value: policy ?? (/^(?:yes|true|1|on)$/i.test(hidden ?? '') ? 'private' : 'auto') }),
  ],
  [
    /^\s*(?:SupplementaryGroups|Group)=(.*\S)\s*$/,
    ([, list = ''], line) => clue(line, 'unitGroups', { groups: list.split(/\s+/) }),
  ],
  [/^\s*(?:User)=(\S+)/, ([, user = ''], line) => clue(line, 'unitUser', { user })],
];

const CONTAINERS: readonly Row[] = [
  [
    /\b(docker[- ]compose\.ya?ml|compose\.ya?ml|docker(?:[- ]compose)?|podman|containerd|nerdctl|kubernetes|kubectl|k3s|lxc|incus|waydroid|distrobox|toolbox|systemd-nspawn|balena\w*|\/\.dockerenv|\.containerenv|flatpak|snap)\b/i,
    ([, what = ''], line) =>
      // A service that starts, and a run that is said to be outside, are not where the program runs.
      /\bnot (?:in|inside|using|with)\b|\bnatively\b|\boutside\b|\bStart(?:ed|ing) \S+\.service|\bthe snap (?:below|above)\b/i.test(
        line.text,
      )
        ? undefined
        : clue(line, 'containerKind', { what: what.toLowerCase() }),
  ],
  // A compose file and a manifest name no program.
  [/^services:\s*$/, (_match, line) => clue(line, 'containerKind', { what: 'compose' })],
  [
    /^\s*kind:\s*(?:Pod|Deployment|DaemonSet|StatefulSet|Job)\s*$/,
    (_match, line) => clue(line, 'containerKind', { what: 'kubernetes' }),
  ],
  [/^\s*\[Container\]\s*$|\bquadlet\b/i, (_match, line) => clue(line, 'containerKind', { what: 'podman' })],
];

/** `devices:` and `volumes:` of compose, `Devices` and `Binds` of inspect, options of docker run, lines of LXC. */
const devices: Reader = {
  as: 'the devices of a container',
  read(lines, at): readonly Clue[] {
    const line = lines[at];
    if (line === undefined) return [];
    const { text } = line;
    const below = (): string[] => {
      const found: string[] = [];
      for (let i = at + 1; i < lines.length; i += 1) {
        const item = /^\s*-\s*["']?([^"'\s]+)/.exec(lines[i]?.text ?? '')?.[1];
        if (item === undefined) break;
        found.push(item);
      }
      return found;
    };
    if (/^\s*devices:\s*$/.test(text)) return [clue(line, 'devices', { list: below(), volumes: [] })];
    if (/^\s*volumes:\s*$/.test(text)) return [clue(line, 'devices', { list: [], volumes: below() })];
    const inline = /^\s*(devices|volumes):\s*\[([^\]]*)\]/.exec(text);
    if (inline !== null) {
      const items = [...(inline[2] ?? '').matchAll(/["']?((?:[^"',\s]|,(?=[\w]))+)["']?/g)].map(([, one = '']) => one);
      return [
        clue(line, 'devices', inline[1] === 'devices' ? { list: items, volumes: [] } : { list: [], volumes: items }),
      ];
    }
    const inspected = /"(Devices|Binds|PathOnHost|Source)"\s*:\s*(.*)$/.exec(text);
    if (inspected !== null) {
      const rest =
        [inspected[2] ?? '', ...lines.slice(at + 1, at + 8).map((one) => one.text)].join(' ').split(']')[0] ?? '';
      const items = [...rest.matchAll(/"(\/dev\/[^":]*)/g)].map(([, one = '']) => one);
      return [
        clue(
          line,
          'devices',
          /Devices|PathOnHost/.test(inspected[1] ?? '') ? { list: items, volumes: [] } : { list: [], volumes: items },
        ),
      ];
    }
    if (
      /\b(?:docker|podman|nerdctl)\b.*\brun\b/.test(text) ||
      /^\s*--(?:device|volume|privileged)\b/.test(text) ||
      /^\s*-v\s+\/dev/.test(text)
    ) {
      const list = [...text.matchAll(/--device[= ]["']?([^\s"':]+)/g)].map(([, one = '']) => one);
      const volumes = [
        ...text.matchAll(/--mount[= ]["']?type=bind,(?:source|src)=([^\s"':,]+)|(?:-v|--volume)[= ]["']?([^\s"':]+)/g),
      ].map(([, mounted, one = '']) => mounted ?? one);
      if (/--privileged/.test(text)) list.push('/dev');
      return [clue(line, 'devices', { list, volumes })];
    }
    if (/^\s*privileged:\s*true/.test(text)) return [clue(line, 'devices', { list: ['/dev'], volumes: [] })];
    const entry = /^\s*lxc\.(?:mount\.entry|cgroup2?\.devices\.allow)\s*[:=]\s*(\S.*)$/.exec(text)?.[1];
    return entry === undefined ? [] : [clue(line, 'devices', { list: [entry], volumes: [] })];
  },
};

export const ACCESS_READERS: readonly Reader[] = [
  tableReader('udev rules', RULES),
  noRules,
  tableReader('a systemd unit', UNITS),
  tableReader('words about a container', CONTAINERS),
  devices,
];
