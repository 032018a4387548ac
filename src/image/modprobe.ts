/** What modprobe.d keeps from being loaded. Source: modprobe.d(5); `modprobe --showconfig` is the judge of the tests. */
import { configFiles, configFolders, type Image } from './tree.js';

export interface ModuleLine {
  /** With underscores, as the kernel names it. */
  readonly module: string;
  /** A `softdep` keeps nothing out: it replaces an install command. */
  readonly by: 'blacklist' | 'install' | 'softdep';
  /** Of `install`: the command that runs in place of loading. */
  readonly command: string;
  /** `file:line`. */
  readonly from: string;
}

const plain = (name: string) => name.replaceAll('-', '_');
/** A command that loads the module after all. */
const LOADS = /\b(?:insmod|modprobe)\b/;

/** What decides whether modules are kept out, in the order of the lines. */
export function moduleLines(image: Image): ModuleLine[] {
  return configFiles(image, configFolders('modprobe.d'), '.conf').flatMap(({ source }) => {
    const found: ModuleLine[] = [];
    let open = '';
    let start = 1;
    for (const [i, raw] of source.text.split('\n').entries()) {
      if (open === '') start = i + 1;
      if (raw.endsWith('\\')) {
        open += raw.slice(0, -1);
        continue;
      }
      const line = open + raw;
      open = '';
      const [command = '', ...words] = line.split(/[ \t]+/).filter((word) => word !== '');
      const [name] = words;
      if (name === undefined || command.startsWith('#')) continue;
      const from = `${source.file}:${start}`;
      if (command === 'blacklist') found.push({ module: plain(name), by: 'blacklist', command: '', from });
      if (command === 'softdep') found.push({ module: plain(name), by: 'softdep', command: '', from });
      if (command === 'install' && words.length > 1)
        found.push({ module: plain(name), by: 'install', command: words.slice(1).join(' '), from });
    }
    return found;
  });
}

/** Why a module is not loaded at boot; of several install commands the first counts. */
export function blockOf(blocked: readonly ModuleLine[], module: string): ModuleLine | undefined {
  const own = blocked.filter((one) => one.module === plain(module));
  const install = own.some(({ by }) => by === 'softdep') ? undefined : own.find(({ by }) => by === 'install');
  return (
    own.find(({ by }) => by === 'blacklist') ??
    (install !== undefined && !LOADS.test(install.command) ? install : undefined)
  );
}
