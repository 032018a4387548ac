/**
 * What the boot loader's files in an image say: which DTB the kernel gets, which overlays are applied, which command
 * line it is given. Sources: U-Boot's doc/README.distro and pxe_utils.c (extlinux), the Boot Loader Specification,
 * GRUB's manual, Armbian's and BeagleBoard's boot scripts, Raspberry Pi's documentation, U-Boot's FIT documentation.
 */
import { globPattern } from './glob.js';
import { ConfigFilters, type RaspberryPi, raspberryOverlay } from './raspberry-pi.js';
import type { Image } from './tree.js';

/** A file that a configuration names. */
export interface BootFile {
  /** As it is written. */
  readonly name: string;
  /** Path in the image; undefined: the image does not have it. */
  readonly path: string | undefined;
  /** `file:line` that names it. */
  readonly from: string;
  /** Parameters of a Raspberry Pi overlay. */
  readonly parameters: readonly string[];
}

/** One way the board can be started. */
export interface BootEntry {
  readonly loader: string;
  /** File of the image. */
  readonly file: string;
  readonly dtb: BootFile | undefined;
  readonly overlays: readonly BootFile[];
  readonly commandLine: { readonly text: string; readonly from: string } | undefined;
}

const TOPS = ['boot', 'boot/firmware', 'boot/efi', 'efi', ''];
const under = (top: string, path: string) => (top === '' ? path : `${top}/${path}`);

/** Paths are from the top of the file system that the configuration lies on. */
function locate(image: Image, name: string, folder: string, top: string): string | undefined {
  const plain = name.replace(/^\([^)]*\)/, '').replace(/\/+/g, '/');
  const relative = plain.replace(/^\//, '');
  const candidates = plain.startsWith('/')
    ? [under(top, relative), relative, `boot/${relative}`]
    : [under(folder, relative), under(top, relative), `boot/${relative}`];
  return candidates.find((path) => image.isFile(path));
}

interface Line {
  readonly key: string;
  readonly value: string;
  readonly from: string;
}

/** `key value` or `key=value`, one a line. */
function linesOf(image: Image, path: string, separator: RegExp): Line[] {
  const source = image.text(path);
  return (source?.text ?? '').split('\n').flatMap((raw, i) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return [];
    const cut = separator.exec(line);
    const key = cut === null ? line : line.slice(0, cut.index);
    const value = cut === null ? '' : line.slice(cut.index + cut[0].length).trim();
    return [{ key, value, from: `${source?.file}:${i + 1}` }];
  });
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

/** @param board what is known of it; without it, the sections for models of Raspberry Pi's config.txt apply */
export function bootEntries(image: Image, board: RaspberryPi = {}): BootEntry[] {
  return [
    ...TOPS.flatMap((top) => [
      ...extlinux(image, top),
      ...loaderEntries(image, top),
      ...grub(image, top),
      ...armbian(image, top),
      ...environment(image, top),
      ...raspberryPi(image, top, board),
      ...scripts(image, top),
    ]),
  ];
}

function fileOf(image: Image, name: string, folder: string, top: string, from: string): BootFile {
  return { name, path: locate(image, name, folder, top), from, parameters: [] };
}

function extlinux(image: Image, top: string): BootEntry[] {
  return ['extlinux/extlinux.conf', 'syslinux/syslinux.cfg', 'boot/extlinux/extlinux.conf'].flatMap((name) => {
    const path = under(top, name);
    if (top === '' && name.startsWith('boot/')) return [];
    if (image.text(path) === undefined) return [];
    const lines = linesOf(image, path, /\s+/);
    const wanted = lines.findLast(({ key }) => /^(?:default|ontimeout)$/i.test(key))?.value;
    const labels: { name: string; lines: Line[] }[] = [];
    for (const line of lines)
      if (/^label$/i.test(line.key)) labels.push({ name: line.value, lines: [] });
      else labels.at(-1)?.lines.push(line);
    // MENU DEFAULT in a label; a DEFAULT of the file counts more.
    const ofMenu = labels.find((label) =>
      label.lines.some(({ key, value }) => /^menu default$/i.test(`${key} ${value}`)),
    );
    const chosen =
      labels.find((label) => label.name === wanted) ?? (wanted === undefined ? ofMenu : undefined) ?? labels[0];
    const of = (pattern: RegExp) => chosen?.lines.findLast(({ key }) => pattern.test(key));
    const folder = path.replace(/\/[^/]*$/, '');
    const [dtb, overlays, append] = [
      of(/^(?:fdt|devicetree)$/i),
      of(/^(?:fdtoverlays?|devicetree-overlay)$/i),
      of(/^append$/i),
    ];
    return [
      {
        loader: 'extlinux',
        file: path,
        dtb: dtb === undefined ? undefined : fileOf(image, dtb.value, folder, top, dtb.from),
        overlays:
          overlays === undefined
            ? []
            : words(overlays.value).map((one) => fileOf(image, one, folder, top, overlays.from)),
        commandLine: append === undefined ? undefined : { text: append.value, from: append.from },
      },
    ];
  });
}

/** systemd-boot and everything else that reads entries of the Boot Loader Specification. */
function loaderEntries(image: Image, top: string): BootEntry[] {
  const folder = under(top, 'loader/entries');
  const files = image.list(folder).filter((name) => name.endsWith('.conf'));
  const wanted = linesOf(image, under(top, 'loader/loader.conf'), /\s+/).findLast(
    ({ key }) => key === 'default',
  )?.value;
  const pattern = wanted === undefined ? undefined : globPattern(wanted);
  const chosen =
    files.findLast((name) => pattern?.test(name) || pattern?.test(name.replace(/\.conf$/, ''))) ?? files.at(-1);
  if (chosen === undefined) return [];
  const lines = linesOf(image, `${folder}/${chosen}`, /\s+/);
  const of = (key: string) => lines.filter((line) => line.key === key);
  const [dtb] = of('devicetree').slice(-1);
  const options = of('options');
  return [
    {
      loader: 'the Boot Loader Specification',
      file: `${folder}/${chosen}`,
      dtb: dtb === undefined ? undefined : fileOf(image, dtb.value, top, top, dtb.from),
      overlays: of('devicetree-overlay').flatMap(({ value, from }) =>
        words(value).map((one) => fileOf(image, one, top, top, from)),
      ),
      commandLine:
        options[0] === undefined
          ? undefined
          : { text: options.map(({ value }) => value).join(' '), from: options[0].from },
    },
  ];
}

function grub(image: Image, top: string): BootEntry[] {
  const path = ['grub/grub.cfg', 'grub2/grub.cfg', 'EFI/BOOT/grub.cfg', 'EFI/debian/grub.cfg']
    .map((name) => under(top, name))
    .find((one) => image.isFile(one));
  if (path === undefined) return [];
  const lines = linesOf(image, path, /\s+/);
  const dtb = lines.find(({ key }) => key === 'devicetree');
  const kernel = lines.find(({ key }) => /^linux(?:16|efi)?$/.test(key));
  return [
    {
      loader: 'GRUB',
      file: path,
      dtb:
        dtb === undefined
          ? undefined
          : fileOf(image, dtb.value.replace(/^["']|["']$/g, ''), path.replace(/\/[^/]*$/, ''), top, dtb.from),
      overlays: [],
      commandLine:
        kernel === undefined ? undefined : { text: words(kernel.value).slice(1).join(' '), from: kernel.from },
    },
  ];
}

/** Files below a folder, to a depth that boot partitions have. */
function below(image: Image, folder: string, depth = 4): string[] {
  if (depth === 0) return [];
  return image.list(folder).flatMap((name) => {
    const path = folder === '' ? name : `${folder}/${name}`;
    const entry = image.lookAt(path);
    if (entry?.kind === 'directory') return below(image, path, depth - 1);
    return [path];
  });
}

/** Armbian's boot script: `overlays` by the prefix of the kernel family, `user_overlays` from a separate folder. */
function armbian(image: Image, top: string): BootEntry[] {
  const path = under(top, 'armbianEnv.txt');
  if (image.text(path) === undefined) return [];
  const lines = linesOf(image, path, /\s*=\s*/);
  const of = (key: string) => lines.findLast((line) => line.key === key);
  const prefix = of('overlay_prefix')?.value ?? '';
  const shipped = below(image, under(top, 'dtb')).filter((one) => one.endsWith('.dtbo'));
  const named = (line: Line | undefined, find: (name: string) => string | undefined) =>
    words(line?.value ?? '').map((name) => ({ name, path: find(name), from: line?.from ?? '', parameters: [] }));
  const user = under(top, 'overlay-user');
  const fdt = of('fdtfile');
  const extra = of('extraargs');
  return [
    {
      loader: "Armbian's boot script",
      file: path,
      dtb: fdt === undefined ? undefined : fileOf(image, `dtb/${fdt.value}`, top, top, fdt.from),
      overlays: [
        ...named(of('overlays'), (name) =>
          shipped.find((one) => [`${prefix}-${name}.dtbo`, `${name}.dtbo`].includes(one.replace(/^.*\//, ''))),
        ),
        ...named(of('user_overlays'), (name) => [`${user}/${name}.dtbo`].find((one) => image.isFile(one))),
      ],
      commandLine: extra === undefined ? undefined : { text: extra.value, from: extra.from },
    },
  ];
}

/** uEnv.txt and its kin: variables of U-Boot in a text file. */
function environment(image: Image, top: string): BootEntry[] {
  return ['uEnv.txt', 'extlinux/uEnv.txt', 'orangepiEnv.txt', 'config/uEnv.txt', 'env.txt', 'hw_intfc.conf'].flatMap(
    (name) => {
      const path = under(top, name);
      if (image.text(path) === undefined) return [];
      const lines = linesOf(image, path, /\s*=\s*/);
      const folder = path.includes('/') ? path.replace(/\/[^/]*$/, '') : '';
      const overlays = lines
        .filter(({ key }) =>
          /^(?:uboot_overlay_addr\d+|dtb_overlay|dtoverlay|(?:fdt_?|user_)?overlays?(?:_files?|s_file)?|fdtoverlays)$/i.test(
            key,
          ),
        )
        .flatMap(({ value, from }) =>
          value.split(/[\s,;]+/).flatMap((one) => (one === '' ? [] : [overlayFile(image, one, folder, top, from)])),
        );
      const dtb = lines.findLast(({ key }) => /^(?:fdtfile|fdt_file|dtb|dtb_file|fdt)$/.test(key));
      const line = lines.findLast(({ key }) => /^(?:cmdline|bootargs|optargs|extraargs|extrabootargs)$/.test(key));
      return [
        {
          loader: 'U-Boot',
          file: path,
          dtb: dtb === undefined ? undefined : fileOf(image, dtb.value, folder, top, dtb.from),
          overlays,
          commandLine: line === undefined ? undefined : { text: line.value, from: line.from },
        },
      ];
    },
  );
}

/** An overlay by name alone lies where boot scripts look for them. */
function overlayFile(image: Image, name: string, folder: string, top: string, from: string): BootFile {
  const file = name.endsWith('.dtbo') ? name : `${name}.dtbo`;
  const found =
    locate(image, file, folder, top) ??
    ['overlays', 'overlay', 'dtbs/overlays', 'overlay-user']
      .map((one) => under(under(top, one), file.replace(/^.*\//, '')))
      .find((one) => image.isFile(one)) ??
    ['lib/firmware', 'usr/lib/firmware']
      .map((one) => `${one}/${file.replace(/^.*\//, '')}`)
      .find((one) => image.isFile(one));
  return { name, path: found, from, parameters: [] };
}

/** config.txt: what only the board can answer, as the level of a GPIO, is assumed to apply. */
function raspberryPi(image: Image, top: string, board: RaspberryPi): BootEntry[] {
  const path = under(top, 'config.txt');
  const source = image.text(path);
  if (
    source === undefined ||
    !/^\s*(?:\[\w+\]|dtoverlay=|dtparam=|kernel=|arm_64bit=|gpu_mem|enable_uart|device_tree=)/m.test(source.text)
  )
    return [];
  const overlays: BootFile[] = [];
  let dtb: BootFile | undefined;
  let prefix = 'overlays/';
  let isOpen = false;
  const filters = new ConfigFilters(board);
  for (const { key, value, from } of linesOf(image, path, /\s*=\s*/)) {
    const filter = /^\[(.*)/.exec(key)?.[1];
    // "=" may be part of a filter.
    if (filter !== undefined) filters.take(`${filter}${value === '' ? '' : `=${value}`}`.replace(/\]\s*$/, ''));
    if (filter !== undefined || !filters.applies) continue;
    if (key === 'overlay_prefix') prefix = value;
    if (key === 'device_tree') dtb = fileOf(image, value, top, top, from);
    const [name = '', ...parameters] = value.split(/[,:]/).map((one) => one.trim());
    if (key === 'dtoverlay' || key === 'device_tree_overlay') {
      // Without a name it ends the parameters of the overlay before it.
      isOpen = name !== '';
      if (!isOpen) continue;
      const mapped = raspberryOverlay(name, board);
      const file = [mapped, name]
        .flatMap((one) => [under(top, `${prefix}${one}.dtbo`), under(top, `${prefix}${one}`), under(top, one)])
        .find((one) => image.isFile(one));
      overlays.push({ name, path: file, from, parameters });
    } else if ((key === 'dtparam' || key === 'device_tree_param') && isOpen) {
      const last = overlays.pop() as BootFile;
      overlays.push({ ...last, parameters: [...last.parameters, name, ...parameters] });
    }
  }
  const line = image.text(under(top, 'cmdline.txt'));
  return [
    {
      loader: "Raspberry Pi's firmware",
      file: path,
      dtb,
      overlays,
      commandLine:
        line === undefined ? undefined : { text: line.text.trim().replaceAll('\n', ' '), from: `${line.file}:1` },
    },
  ];
}

/** U-Boot scripts, as source or packed by mkimage: overlays that are loaded, where the script applies any. */
function scripts(image: Image, top: string): BootEntry[] {
  const names = image
    .list(top)
    .filter((name) => /^(?:boot|uboot|bootscript).*\.(?:scr|cmd|txt)$|^boot\.scr\.uimg$|\.scr$/.test(name));
  return names.flatMap((name) => {
    const path = under(top, name);
    const source = image.text(path);
    // The script of a packed one begins behind the header and the list of lengths.
    const text = source?.text ?? '';
    if (source === undefined || !/\b(?:booti|bootz|bootm|fdt\s|load\s|setenv\s)/.test(text)) return [];
    const applies = /\bfdt\s+apply\b/.test(text);
    const variables = new Map(
      [...text.matchAll(/^\s*(?:env\s+set|setenv)\s+(\w+)\s+(.*)$/gm)].map(([, key, value]) => [
        key as string,
        (value ?? '').replace(/^["']|["']$/g, ''),
      ]),
    );
    const lineOf = (index: number) => `${source.file}:${text.slice(0, index).split('\n').length}`;
    const resolve = (name: string, depth = 0): string =>
      depth > 4
        ? name
        : name.replace(/\$\{?(\w+)\}?/g, (_, key: string) => resolve(variables.get(key) ?? '', depth + 1));
    const overlays = applies
      ? [...text.matchAll(/[\w./@+,${}-]+\.dtbo\b/g)].flatMap((match) => {
          const full = resolve(match[0]);
          const listed = [...text.matchAll(/\bfor\s+(\w+)\s+in\s+"?([^;"\n]*)"?/g)].flatMap(
            ([, key = '', list = '']) =>
              new RegExp(`\\$\\{?${key}\\b`).test(match[0])
                ? words(resolve(list))
                    .map((one) => match[0].replace(new RegExp(`\\$\\{?${key}\\}?`), one))
                    .map((one) => resolve(one))
                : [],
          );
          return (listed.length > 0 ? listed : [full]).map((one) =>
            overlayFile(image, one.replace(/^\/?\//, '/'), top, top, lineOf(match.index)),
          );
        })
      : [];
    const dtb = /[\w./@+,-]+\.dtb\b/.exec(text);
    const line = variables.get('bootargs');
    return [
      {
        loader: "U-Boot's script",
        file: path,
        dtb: dtb === null ? undefined : fileOf(image, dtb[0], top, top, lineOf(dtb.index)),
        overlays,
        commandLine: line === undefined ? undefined : { text: line, from: source.file },
      },
    ];
  });
}

/** Device tree blobs of the image, by path. */
export const blobsOf = (image: Image): string[] =>
  ['boot', 'efi', 'usr/lib/firmware', 'lib/firmware', 'usr/lib/modules', 'lib/modules', 'usr/lib/linux-image', '']
    .flatMap((folder) =>
      folder === ''
        ? image.list('').filter((name) => image.lookAt(name)?.kind === 'file')
        : folder.endsWith('firmware')
          ? image.list(folder).map((name) => `${folder}/${name}`)
          : below(image, folder, folder.endsWith('modules') ? 5 : 6),
    )
    .filter((path) => /\.dtbo?$/.test(path));

/** FIT images of the image, by path. */
export const fitsOf = (image: Image): string[] =>
  TOPS.flatMap((top) => image.list(top).map((name) => under(top, name))).filter((path) =>
    /(?:\.itb|\.fit|fitImage[^/]*)$/.test(path),
  );
