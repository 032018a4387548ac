/** Deliberate faults in what our readers see, one of each reader: every one must show as differences. */
import type { ImageSource } from '../../../src/image/index.js';

const withText = (source: ImageSource, pattern: RegExp, change: (text: string) => string): ImageSource => ({
  ...source,
  entry: (file) => source.entry(file),
  list: (file) => source.list(file),
  bytes(file) {
    const bytes = source.bytes(file);
    return bytes !== undefined && pattern.test(file) ? Buffer.from(change(Buffer.from(bytes).toString())) : bytes;
  },
});

export const FAULTS: Readonly<Record<string, (source: ImageSource) => ImageSource>> = {
  'masks are not seen': (source) => ({
    ...source,
    list: (folder) => source.list(folder).filter((name) => source.entry(`${folder}/${name}`)?.target !== '/dev/null'),
  }),
  'the directory with the least precedence wins': (source) => {
    const swap = (file: string) =>
      file.replace(/^(etc|usr\/lib)(?=\/(?:sysusers|tmpfiles)\.d|\/systemd|\/udev)/, (top) =>
        top === 'etc' ? 'usr/lib' : 'etc',
      );
    return {
      entry: (file) => source.entry(swap(file)),
      list: (file) => source.list(swap(file)),
      bytes: (file) => source.bytes(swap(file)),
    };
  },
  'drop-ins for all units are not read': (source) => ({
    ...source,
    list: (folder) => (folder.endsWith('/service.d') ? [] : source.list(folder)),
  }),
  'the last line of mdev.conf wins': (source) =>
    withText(source, /^etc\/mdev\.conf$/, (text) => text.split('\n').reverse().join('\n')),
  'lines that cannot be read are read as far as they go': (source) =>
    withText(source, /\.d\/.*\.conf$/, (text) => text.replaceAll('ghosts', 'video').replaceAll('89', '0644')),
  'udev skips the rest of a file for a label that is not there': (source) =>
    withText(source, /\.rules$/, (text) => `${text}LABEL="nowhere"\n`),
  'rules are read for "add" alone': (source) =>
    withText(source, /\.rules$/, (text) => text.replace(/ACTION(?:==|!=)"[^"]*", /g, '')),
  'slices are not read': (source) => ({
    entry: (file) => source.entry(file),
    list: (folder) => source.list(folder).filter((name) => !name.endsWith('.slice')),
    bytes: (file) => (file.endsWith('.slice') ? undefined : source.bytes(file)),
  }),
  'empty file systems over the nodes are not seen': (source) =>
    withText(source, /\/reach\d+x\d+\.service/, (text) => text.replaceAll('TemporaryFileSystem=', 'Ignored=')),
  'DevicePolicy=strict is read as closed': (source) =>
    withText(source, /\/(?:reach|cut)\d/, (text) => text.replaceAll('DevicePolicy=strict', 'DevicePolicy=closed')),
  'OWNER= in rules is not looked at': (source) =>
    withText(source, /\.rules$/, (text) => text.replace(/OWNER:?="[^"]*"/g, 'ENV{IGNORED}="1"')),
};
