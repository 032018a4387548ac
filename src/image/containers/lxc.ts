/** Configurations of LXC and of Proxmox. Sources: lxc.container.conf(5), pct.conf(5). */
import type { SourceText } from '../../source/index.js';
import {
  type BindMount,
  type CgroupRule,
  type Container,
  clean,
  type DeviceGrant,
  type IdRange,
  readCgroupRule,
  type Said,
} from './types.js';

/** Files of LXC itself, which close all devices but a few. */
const COMMON = /\/lxc\/config\/[\w.-]+\.conf$/;

/** @returns undefined for a text that is not of LXC */
export function readLxc(source: SourceText): Container | undefined {
  const lines = linesOf(source);
  if (!lines.some(({ key }) => key.startsWith('lxc.'))) return undefined;
  const devices: DeviceGrant[] = [];
  const mounts: BindMount[] = [];
  const rules: CgroupRule[] = [];
  const groups: IdRange[] = [];
  const unread: Said[] = [];
  let isClosed = false;
  let isMapped: Said | undefined;
  let name = source.file.replace(/\/config$/, '').replace(/^.*\//, '');
  for (const { key, value, span } of lines) {
    const controller = /^lxc\.cgroup2\.devices\.(allow|deny)$/.exec(key)?.[1];
    if (controller !== undefined) {
      const rule = readCgroupRule(value, controller === 'allow', span);
      if (rule === undefined) continue;
      rules.push(rule);
      if (!rule.isAllowed && rule.major === '*') isClosed = true;
    } else if (key === 'lxc.include') {
      if (COMMON.test(value)) isClosed = true;
      else unread.push({ text: `it includes ${value}`, span });
      if (/userns\.conf$/.test(value)) isMapped ??= { text: value, span };
    } else if (key === 'lxc.mount.entry') {
      const [host = '', inside = '', , options = ''] = value.split(/\s+/);
      // The path in the container has no leading slash; one of the host is the root directory of the container.
      if (host.startsWith('/') && options.split(',').some((one) => one === 'bind' || one === 'rbind'))
        mounts.push({
          host: clean(host),
          inside: clean(inside.startsWith('/') ? inside.replace(/^.*\/rootfs(?=\/)/, '') : `/${inside}`),
          isNoDev: options.split(',').includes('nodev'),
          span,
        });
    } else if (key === 'lxc.idmap') {
      const [kind, inside, outside, count] = value.split(/\s+/);
      isMapped = { text: value, span };
      if (kind === 'g' || kind === 'b')
        groups.push({ inside: Number(inside), outside: Number(outside), count: Number(count) });
    } else if (key === 'lxc.uts.name') name = value;
    else if (key === 'unprivileged' && value === '1') isMapped ??= { text: value, span };
    else if (/^dev\d+$/.test(key)) {
      const [path = ''] = value.split(',');
      if (path.startsWith('/')) devices.push({ host: clean(path), inside: clean(path), rights: 'rw', span });
    }
  }
  return {
    name,
    span: lines[0]?.span ?? source.span(0),
    devices,
    mounts,
    isClosed,
    rules,
    privileged: undefined,
    // init of the container is root there.
    user: { text: '0', span: lines[0]?.span ?? source.span(0) },
    group: undefined,
    groups: [],
    namespace: isMapped === undefined ? { kind: 'host' } : { kind: 'own', groups, span: isMapped.span },
    unread,
  };
}

/** `KEY = VALUE`, or `KEY: VALUE` as Proxmox writes it. */
function linesOf(source: SourceText): { key: string; value: string; span: Said['span'] }[] {
  let offset = 0;
  return source.text.split('\n').flatMap((line) => {
    const start = offset;
    offset += line.length + 1;
    const [, key, value] = /^\s*([\w.]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [{ key, value, span: source.span(start, line.length) }];
  });
}
