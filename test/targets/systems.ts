/**
 * Judges of whole targets: the system's own program where Debian has one, else the system's part played by a stand-in that
 * does what its documentation says, around the files as they are.
 */
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { linksOf } from '../../src/plan/links.js';
import type { Plan } from '../../src/plan/types.js';
import { container } from './containers.js';
import { nixIn } from './languages.js';
import { type Kas, objections, trixieKas, trixieMkosi } from './tools.js';
import type { Tree } from './tree.js';
import { runUnit } from './unit.js';

export interface SystemJudge {
  readonly target: string;
  readonly name: string;
  /** Trees it is worth the time on, or the example boards to the last; absent: all. */
  readonly trees?: readonly string[] | 'every example';
  /** A file, and what is exchanged in it: what the judge must object to, or its silence means nothing. */
  readonly spoil: readonly [file: string, from: string, to: string];
  /** @returns objections, empty when there are none */
  readonly judge: (directory: string, scratch: string, tree: Tree) => Promise<string>;
}

const hasTree = (plan: Plan) => plan.areas.some((area) => area.delivery === 'device-tree');
const quickBuild = { CFLAGS: '-O0', MAKEFLAGS: '' };
const read = (...parts: string[]) => readFileSync(path.join(...parts), 'utf8');
const write = (text: string, ...parts: string[]) => {
  const file = path.join(...parts);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};
const script = (text: string, ...parts: string[]) => {
  const file = write(text, ...parts);
  chmodSync(file, 0o755);
  return file;
};
const same = (what: string, got: unknown, wanted: unknown) =>
  JSON.stringify(got) === JSON.stringify(wanted)
    ? ''
    : `${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`;
const missing = (root: string, files: readonly string[]) =>
  files.filter((file) => !existsSync(path.join(root, file))).map((file) => `${file} is missing`);
const said = (...texts: readonly (string | readonly string[])[]) =>
  texts
    .flat()
    .filter((text) => text !== '')
    .join('\n');

async function kbuild(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  const audited = write('', scratch, 'linux/.config');
  write('%: ;\n', scratch, 'linux/Makefile');
  const variables = [`KDIR=${path.dirname(audited)}`, 'DTC=dtc'];
  const dry = await objections('make', ['-n', '-C', directory, ...variables, 'config', 'check', 'clean']);
  if (!hasTree(plan)) return dry;
  return said(
    dry,
    await objections('make', ['-C', directory, ...variables, 'dtbo']),
    missing(directory, ['dmaheap.dtbo']),
  );
}

/** BusyBox's init runs it with `start`; each verdict has a message, and its exit status is that of the verifier. */
async function startScript(directory: string, scratch: string): Promise<string> {
  const own = read(directory, 'package/dmaheap-verify/S15dmaheap-verify');
  const found: string[] = [];
  for (const [status, says] of [
    [0, 'OK'],
    [4, 'INCOMPLETE'],
    [1, 'FAIL'],
  ] as const) {
    const verifier = script(`#!/bin/sh\necho "{$*}"\nexit ${status}\n`, scratch, 'dmaheap-verify');
    const text = own.replaceAll('/usr/bin/$DAEMON', verifier).replaceAll('/run/dmaheap', `${scratch}/run`);
    const start = script(text, scratch, 'S15dmaheap-verify');
    const { exitCode, stdout } = await execa('sh', [start, 'start'], { reject: false });
    found.push(same('exit status', exitCode, status), stdout.includes(`: ${says}`) ? '' : `${status}: ${stdout}`);
    found.push(read(scratch, 'run/report.json').startsWith('{--expect /etc/dmaheap/verify.expect') ? '' : 'no report');
  }
  return said(found);
}

/** What Buildroot does with an external tree and with the hooks of the kernel; its makefiles are not in Debian. */
const BUILDROOT = `BR2_DMAHEAP_LINUX = y
BR2_LINUX_KERNEL_INSTALL_TARGET = y
LINUX_DIR = linux
BINARIES_DIR = images
TARGET_DIR = target
LINUX_KCONFIG_STAMP_DOTCONFIG = .stamp_dotconfig
LINUX_KCONFIG_FRAGMENT_FILES = board.fragment
HOOKS = $(LINUX_POST_CONFIGURE_HOOKS) $(LINUX_POST_INSTALL_IMAGES_HOOKS) $(LINUX_POST_INSTALL_TARGET_HOOKS)
define newline


endef
all: linux/.stamp_dotconfig
\t$(foreach hook,$(HOOKS),$($(hook))$(newline))
linux/.stamp_dotconfig: board.fragment
\tcat $(LINUX_KCONFIG_FRAGMENT_FILES) >linux/.config
\ttouch $@
include $(BR2_EXTERNAL_DMAHEAP_PATH)/external.mk
`;

async function buildrootLinux(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  write(BUILDROOT, scratch, 'buildroot.mk');
  write('CONFIG_BOARD=y\n', scratch, 'board.fragment');
  mkdirSync(path.join(scratch, 'linux/scripts/dtc'), { recursive: true });
  symlinkSync('/usr/bin/dtc', path.join(scratch, 'linux/scripts/dtc/dtc'));
  const args = ['-f', 'buildroot.mk', `BR2_EXTERNAL_DMAHEAP_PATH=${directory}`];
  const make = () => objections('make', args, { cwd: scratch, env: { MAKEFLAGS: '' } });
  const good = await make();
  const overlays = ['images/dmaheap.dtbo', 'target/boot/dmaheap.dtbo'];
  const config = read(scratch, 'linux/.config');
  const fragment = path.join(directory, 'board/dmaheap/dmaheap.fragment');
  const text = readFileSync(fragment, 'utf8');
  // Make compares times, and a file system may keep whole seconds.
  utimesSync(path.join(scratch, 'linux/.stamp_dotconfig'), 0, 0);
  utimesSync(path.join(scratch, 'board.fragment'), 0, 0);
  appendFileSync(fragment, 'CONFIG_CHANGED=y\n');
  const again = await make();
  const changed = read(scratch, 'linux/.config');
  writeFileSync(fragment, text);
  return said(
    good,
    again,
    config.startsWith('CONFIG_BOARD=y\n') ? '' : "the board's own fragment is lost",
    changed.includes('CONFIG_CHANGED=y') ? '' : 'a changed fragment is not merged again',
    hasTree(plan) ? missing(scratch, overlays) : overlays.filter((name) => existsSync(path.join(scratch, name))),
  );
}

async function uboot(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  const known = /^(#.*|LABEL \S+|\t(MENU LABEL|LINUX|FDT|FDTDIR|FDTOVERLAYS|APPEND) \S.*|\tAPPEND)$/;
  const entry = read(directory, 'extlinux/extlinux.conf').trimEnd().split('\n');
  const strange = entry.filter((line) => !known.test(line)).map((line) => `extlinux.conf: ${line}`);
  if (!existsSync(path.join(directory, 'dmaheap.cmd')))
    return said(strange, hasTree(plan) ? 'dmaheap.cmd is missing' : '');
  const image = path.join(scratch, 'dmaheap.scr');
  const args = ['-A', 'arm64', '-O', 'linux', '-T', 'script', '-C', 'none', '-d', 'dmaheap.cmd', image];
  return said(strange, await objections('mkimage', args, { cwd: directory }), missing(scratch, ['dmaheap.scr']));
}

/** The firmware reads lines of at most 98 characters; ours must sort behind the stock 60-dma-heap.rules. */
async function raspberrypi(directory: string): Promise<string> {
  const file = path.join(directory, 'config.txt');
  const lines = existsSync(file) ? read(file).trimEnd().split('\n') : [];
  const bad = lines.filter(
    (line) => !/^(#.*|\[\w+\]|[a-z_]+=[^ ]+|)$/.test(line) || (line[0] !== '#' && line.length > 98),
  );
  const rules = readdirSync(directory).filter((name) => name.endsWith('.rules'));
  return said(
    bad.map((line) => `config.txt: ${line}`),
    rules.filter((name) => name <= '60-dma-heap.rules').map((name) => `${name} sorts before the stock rules`),
    same('rules', rules, ['70-dmaheap.rules']),
  );
}

async function debian(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  const source = path.join(scratch, 'dmaheap-board-1.0');
  cpSync(directory, source, { recursive: true });
  const env = { DEB_BUILD_OPTIONS: 'nocheck noopt', MAKEFLAGS: '' };
  const built = await objections('dpkg-buildpackage', ['-b', '-us', '-uc'], { cwd: source, env });
  if (built !== '') return built;
  for (const deb of readdirSync(scratch).filter((name) => name.endsWith('.deb') && !name.includes('dbgsym')))
    await execa('dpkg', ['-x', path.join(scratch, deb), path.join(scratch, 'root')]);
  const root = path.join(scratch, 'root');
  const files = [
    'usr/bin/dmaheap-verify',
    'usr/lib/udev/rules.d/70-dmaheap.rules',
    'usr/lib/sysusers.d/dmaheap-config.conf',
    'etc/dmaheap/verify.expect',
    'usr/share/dmaheap/dmaheap.config',
    'usr/share/dmaheap/check-config.sh',
    'usr/share/initramfs-tools/hooks/dmaheap',
    ...(hasTree(plan) ? ['usr/share/dmaheap/dmaheap.dtbo'] : []),
  ];
  const unit = ['usr/lib', 'lib'].some((lib) =>
    existsSync(path.join(root, lib, 'systemd/system/dmaheap-verify.service')),
  );
  return said(missing(root, files), unit ? '' : 'the unit is missing');
}

/** Built alone, and included into an image that is there. */
async function mkosi(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  const run = await trixieMkosi();
  write(`[Include]\nInclude=${directory}\n`, scratch, 'mkosi.conf');
  const texts: string[] = [];
  for (const cwd of [directory, scratch]) {
    const { exitCode, all, stdout } = await run(cwd, '--json', 'summary');
    if (exitCode !== 0) return `mkosi summary: ${all}`;
    const [image] = (JSON.parse(stdout) as { Images: Record<string, string[] & string>[] }).Images;
    texts.push(
      same(
        `${cwd}: KernelCommandLine`,
        image?.['KernelCommandLine'],
        plan.commandLine.map(({ argument }) => argument),
      ),
      same(`${cwd}: BuildScripts`, image?.['BuildScripts']?.length, 1),
      same(`${cwd}: ExtraTrees`, image?.['ExtraTrees']?.length, 1),
    );
  }
  return said(texts);
}

/** Enough of nixpkgs to evaluate the module and see what it sets. */
async function nixos(directory: string, scratch: string, tree: Tree): Promise<string> {
  return said(
    await nixosOn('25.05', 'extraStructuredConfig', directory, scratch, tree),
    await nixosOn('26.05', 'structuredExtraConfig', directory, scratch, tree),
  );
}

async function nixosOn(
  release: string,
  attribute: string,
  directory: string,
  scratch: string,
  { plan }: Tree,
): Promise<string> {
  const expression = `let m = import ${directory}/default.nix {
    config = { boot.kernelParams = [ ]; };
    lib = {
      mkForce = x: x;
      kernel = { yes = "y"; no = "n"; module = "m"; freeform = x: x; };
      any = builtins.any;
      trivial.release = "${release}";
      versionAtLeast = a: b: builtins.compareVersions a b >= 0;
      hasPrefix = p: s: builtins.substring 0 (builtins.stringLength p) s == p;
    };
    pkgs = {
      stdenv = { mkDerivation = a: "${scratch}/verifier"; cc.targetPrefix = "x-"; };
      writeTextDir = name: text: { inherit name text; };
    };
  }; in {
    symbols = (builtins.head m.boot.kernelPatches).${attribute};
    params = m.boot.kernelParams or [ ];
    groups = builtins.mapAttrs (n: g: g.members) (m.users.groups or { });
    rules = (builtins.head m.services.udev.packages).name;
    inherit (m.systemd.services.dmaheap-verify) script serviceConfig;
    overlays = map (o: builtins.pathExists o.dtsFile) (m.hardware.deviceTree.overlays or [ ]);
  }`;
  const args = ['--eval', '--strict', '--json', '--store', 'dummy://', '-E', expression];
  const { exitCode, stdout, stderr } = await execa('nix-instantiate', args, { reject: false, env: nixIn(scratch) });
  if (exitCode !== 0) return `nix-instantiate --eval: ${stderr}`;
  const wanted = {
    groups: Object.fromEntries(plan.groups.map((group) => [group.name, group.users])),
    overlays: hasTree(plan) ? [true] : [],
    params: plan.commandLine.map(({ argument }) => argument),
    rules: 'lib/udev/rules.d/70-dmaheap.rules',
    symbols: Object.fromEntries(plan.symbols.map(({ symbol, value }) => [symbol, value])),
  };
  const { script: start, serviceConfig, ...module } = JSON.parse(stdout);
  return said(same('the module', module, wanted), await nixosUnit(path.join(scratch, release), start, serviceConfig));
}

/** The unit that NixOS makes of a service: a file for `script`, and one line per setting. */
async function nixosUnit(scratch: string, start: string, settings: Readonly<Record<string, unknown>>) {
  const program = path.join(path.dirname(scratch), 'verifier/bin/dmaheap-verify');
  const file = script(`#!/bin/sh\nset -e\n${start}\n`, scratch, 'start');
  const lines = Object.entries({ ...settings, ExecStart: file }).map(([key, value]) => `${key}=${value}`);
  return runUnit(write(`[Service]\n${lines.join('\n')}\n`, scratch, 'dmaheap-verify.service'), program);
}

const OPENWRT_RULES =
  'TARGET_CC := cc\nINSTALL_DIR := install -d\nINSTALL_BIN := install -m 755\nINSTALL_DATA := install -m 644\n';
const OPENWRT_PACKAGE = `PKG_BUILD_DIR := $(SOURCES)
define BuildPackage
world:
	$$(call Build/Compile)
	$$(call Package/$(1)/install,$(DEST))
endef
`;

async function openwrtPackage(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  write(OPENWRT_RULES, scratch, 'rules.mk');
  write(OPENWRT_PACKAGE, scratch, 'package.mk');
  const recipe = path.join(directory, 'package/dmaheap');
  const build = path.join(scratch, 'build');
  const root = path.join(scratch, 'root');
  cpSync(path.join(recipe, 'src'), build, { recursive: true });
  const variables = [
    `TOPDIR=${scratch}`,
    `INCLUDE_DIR=${scratch}`,
    `SOURCES=${build}`,
    `DEST=${root}`,
    'TARGET_CFLAGS=-O0',
  ];
  const made = await objections('make', ['-C', recipe, ...variables, 'world'], { env: quickBuild });
  if (made !== '') return made;
  const files = [
    'usr/bin/dmaheap-verify',
    'etc/dmaheap/verify.expect',
    'etc/init.d/dmaheap',
    'etc/hotplug.d/dma_heap/70-dmaheap',
  ];
  return said(missing(root, files), await openwrtAccess(path.join(root, 'usr/libexec/dmaheap-access'), scratch, plan));
}

/** The access script over a /dev and a /sys of our own, on the newest kernel of the plan: one node per heap. */
async function openwrtAccess(program: string, scratch: string, plan: Plan): Promise<string> {
  const nodes = path.join(scratch, 'dev');
  const classes = path.join(scratch, 'sys');
  const newest = plan.heaps.map((heap) => ({ heap, node: heap.nodes.at(-1)?.name ?? '' }));
  for (const { node } of newest) {
    write('', nodes, node);
    write('', classes, node);
  }
  script(`#!/bin/sh\necho "$1 \${2##*/}" >> ${scratch}/chgrp\n`, scratch, 'bin/chgrp');
  const env = {
    PATH: `${scratch}/bin:${process.env['PATH']}`,
    DMAHEAP_NODES: nodes,
    DMAHEAP_CLASS: classes,
  };
  // Twice: an event that comes again must change nothing.
  const ran = said(await objections('sh', [program], { env }), await objections('sh', [program], { env }));
  if (ran !== '') return ran;
  const open = newest.filter(({ heap }) => heap.access !== undefined);
  const changed = existsSync(path.join(scratch, 'chgrp')) ? read(scratch, 'chgrp').trim().split('\n') : [];
  const wanted = newest.flatMap(({ heap, node }) =>
    linksOf(plan, heap).flatMap((link) =>
      link.to === node && !newest.some((other) => other.node === link.name) ? [`${link.name} -> ${node}`] : [],
    ),
  );
  const { stdout } = await execa('find', [nodes, '-type', 'l', '-printf', '%f -> %l\n']);
  return said(
    same(
      'chgrp',
      [...new Set(changed)].sort(),
      [...new Set(open.map(({ heap, node }) => `${heap.access?.group} ${node}`))].sort(),
    ),
    same(
      'links',
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .sort(),
      [...new Set(wanted)].sort(),
    ),
  );
}

/** A patch of our own in the shape of OpenWrt's: found, mended, and otherwise as it was. */
async function openwrtTree(directory: string, scratch: string): Promise<string> {
  const hunk = (file: string) => `--- a/${file}\n+++ b/${file}\n@@ -1 +1 @@\n-old\n+new\n`;
  const others = [hunk('drivers/base/Kconfig'), hunk('drivers/dma-buf/Makefile')];
  const patch = path.join(scratch, 'target/linux/generic/hack-6.12/904-debloat_dma_buf.patch');
  const program = path.join(directory, 'check-tree.sh');
  const run = async (...args: string[]) => (await execa('sh', [program, ...args], { reject: false })).exitCode;
  const ends: unknown[] = [await run(scratch)];
  write(`Subject: debloat\n${others[0]}${hunk('drivers/dma-buf/heaps/Makefile')}${others[1]}`, patch);
  ends.push(await run(scratch), await run('--fix', scratch), await run(scratch));
  return said(
    same('check-tree.sh ends with', ends, [2, 1, 0, 0]),
    same('the patch', read(patch), `Subject: debloat\n${others.join('')}`),
  );
}

/** AOSP's macros and attributes as far as the stub uses them. */
const ANDROID_POLICY = `module dmaheap 1.0;
require {
  class chr_file { getattr open read ioctl lock map };
  attribute dmabuf_heap_device_type;
  attribute dev_type;
  type dmabuf_system_heap_device;
  type hal_camera_default;
}
`;
const ANDROID_GROUPS = /^(root|system|graphics|audio|camera|media|drmrpc|mediacodec|cameraserver)$/;

async function android(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  const te = read(directory, 'sepolicy/dmaheap.te').replaceAll('r_file_perms', '{ getattr open read ioctl lock map }');
  const module = write(`${ANDROID_POLICY}${te}`, scratch, 'dmaheap.te');
  const texts = [await objections('checkmodule', ['-m', '-o', path.join(scratch, 'dmaheap.mod'), module])];
  const contexts = path.join(directory, 'sepolicy/file_contexts');
  if (existsSync(contexts)) {
    texts.push(await objections('/usr/sbin/sefcontext_compile', ['-o', path.join(scratch, 'contexts.bin'), contexts]));
    const types = [...te.matchAll(/^type (\w+)/gm)].map((match) => match[1]);
    const used = [...new Set([...read(contexts).matchAll(/object_r:(\w+):/g)].map((match) => match[1]))];
    texts.push(same('types of file_contexts', used, types));
  }
  const board = 'include BoardConfig.mk\n$(info $(BOARD_VENDOR_SEPOLICY_DIRS)|$(BOARD_KERNEL_CMDLINE))\nnone: ;\n';
  const { stdout } = await execa('make', ['-s', '-f', '-'], { cwd: directory, input: board });
  texts.push(same('BoardConfig.mk', stdout.trim(), `./sepolicy|${plan.commandLine.map((c) => c.argument).join(' ')}`));
  return said(texts, await androidGroups(directory));
}

/** No program in Debian reads config.fs or ueventd.rc: their documentation's rules. */
async function androidGroups(directory: string): Promise<string> {
  const config = path.join(directory, 'config.fs');
  const program =
    'import configparser, json, sys\nc = configparser.ConfigParser()\nc.read(sys.argv[1])\nprint(json.dumps({s: dict(c[s]) for s in c.sections()}))';
  const declared = existsSync(config)
    ? (JSON.parse((await execa('python3', ['-I', '-c', program, config])).stdout) as Record<string, { value: string }>)
    : {};
  const numbers = Object.values(declared).map(({ value }) => Number(value));
  const bad = Object.keys(declared).filter(
    (section) => !/^AID_(VENDOR|ODM|PRODUCT|SYSTEM_EXT)_[A-Z0-9_]+$/.test(section),
  );
  const file = path.join(directory, 'ueventd.rc');
  const lines = existsSync(file)
    ? read(file)
        .split('\n')
        .filter((line) => line !== '' && line[0] !== '#')
    : [];
  const strange = lines.filter((line) => {
    const group = /^\/dev\/dma_heap\/[^\s#"\\]+ 0[0-7]{3} root ([a-z0-9_]+)$/.exec(line)?.[1];
    return group === undefined || !(ANDROID_GROUPS.test(group) || `AID_${group.toUpperCase()}` in declared);
  });
  return said(
    bad.map((section) => `config.fs: ${section}`),
    numbers.every((id, i) => id >= 2900 && id <= 2999 && numbers.indexOf(id) === i) ? '' : `config.fs: ${numbers}`,
    strange.map((line) => `ueventd.rc: ${line}`),
  );
}

/** BusyBox's ash does what abuild does with an APKBUILD: read it, take its sources, build, package. */
async function alpine(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  const start = path.join(scratch, 'aport');
  cpSync(directory, start, { recursive: true });
  const build = `
    startdir=$1 srcdir=$2/src pkgdir=$2/pkg
    mkdir -p "$srcdir" "$pkgdir"
    cd "$startdir"
    . ./APKBUILD
    for word in pkgname pkgver pkgrel pkgdesc url arch license; do eval "test -n \\"\\$$word\\""; done
    for file in $source; do cp "$file" "$srcdir"; done
    for file in $install; do test -x "$file"; done
    (cd "$builddir" && build) && (cd "$builddir" && package)`;
  const built = await objections('busybox', ['ash', '-euc', build, 'abuild', start, scratch], { env: quickBuild });
  if (built !== '') return built;
  const files = [
    'usr/bin/dmaheap-verify',
    'usr/lib/udev/rules.d/70-dmaheap.rules',
    'etc/init.d/dmaheap-verify',
    'etc/dmaheap/verify.expect',
    ...(hasTree(plan) ? ['boot/dmaheap.dtbo'] : []),
  ];
  const absent = missing(path.join(scratch, 'pkg'), files);
  const ours = path.join(start, 'mdev.conf');
  if (!existsSync(ours)) return said(absent);
  // The installation script on an /etc of our own: ours first, and once.
  const conf = write('# stock\n.* root:root 660\n', scratch, 'etc/mdev.conf');
  const text = read(start, 'dmaheap-board.post-install')
    .replaceAll('/etc/mdev.conf', conf)
    .replaceAll('/usr/share/dmaheap/mdev.conf', ours);
  const install = write(text, scratch, 'post-install');
  const ran = said(await objections('busybox', ['ash', install]), await objections('busybox', ['ash', install]));
  return said(absent, ran, same('mdev.conf', read(conf), `${read(ours)}# stock\n.* root:root 660\n`));
}

/** The hooks in the order in which Armbian's build calls them, with the framework's functions in its place. */
const ARMBIAN = `
set -euo pipefail
EXTENSION=dmaheap EXTENSION_DIR=$1 SDCARD=$2/card MOUNT=$2/card BOARD=board KERNEL_COMPILER=
kernel_config_modifying_hashes=()
display_alert() { :; }
exit_with_error() { echo "STOPPED: $*"; exit 1; }
run_host_command_logged() { "$@"; }
chroot_sdcard() { echo "chroot: $*"; }
run_kernel_make() { if [[ -n "\${DROPS:-}" ]]; then grep -vF "$DROPS" .config > kept; mv kept .config; fi; }
. "$EXTENSION_DIR/dmaheap.sh"
mkdir -p "$2/linux/scripts/kconfig" "$SDCARD/boot/extlinux"
printf '#!/bin/sh\\ncat "$3" >> "$2"\\n' > "$2/linux/scripts/kconfig/merge_config.sh"
chmod +x "$2/linux/scripts/kconfig/merge_config.sh"
cd "$2/linux"
rm -f .config; custom_kernel_config__dmaheap
echo "hashes: \${kernel_config_modifying_hashes[*]}"
: > .config; custom_kernel_config__dmaheap
[[ -z "\${DROPS:-}" ]] || exit 0
post_family_tweaks__dmaheap
printf 'verbosity=1\\nuser_overlays=other\\n' > "$SDCARD/boot/armbianEnv.txt"
image_specific_armbian_env_ready__dmaheap; image_specific_armbian_env_ready__dmaheap
printf 'label Armbian\\n  kernel /boot/Image\\n  append root=x\\n' > "$SDCARD/boot/extlinux/extlinux.conf"
pre_umount_final_image__dmaheap; pre_umount_final_image__dmaheap
`;

async function armbian(directory: string, scratch: string, { plan }: Tree): Promise<string> {
  const extension = path.join(directory, 'userpatches/extensions/dmaheap');
  const run = (drops: string) =>
    execa('bash', ['-c', ARMBIAN, 'build', extension, scratch], {
      reject: false,
      all: true,
      env: { ...quickBuild, DROPS: drops },
    });
  const whole = await run('');
  if (whole.exitCode !== 0) return `bash: ${whole.all}`;
  const card = path.join(scratch, 'card');
  const args = plan.commandLine.map(({ argument }) => argument);
  const overlay = hasTree(plan);
  const env = [
    'verbosity=1',
    `user_overlays=other${overlay ? ' dmaheap' : ''}`,
    ...(args.length > 0 ? [`extraargs=${args.join(' ')}`] : []),
  ];
  const extlinux = [
    'label Armbian',
    '  kernel /boot/Image',
    `  append ${['root=x', ...args].join(' ')}`,
    ...(overlay ? ['  fdtoverlays /boot/overlay-user/dmaheap.dtbo'] : []),
  ];
  const files = ['usr/bin/dmaheap-verify', 'usr/lib/udev/rules.d/70-dmaheap.rules', 'usr/lib/sysusers.d/dmaheap.conf'];
  const promised = plan.symbols.find(({ value }) => value === 'y')?.symbol ?? '';
  const stopped = await run(`CONFIG_${promised}=y`);
  return said(
    missing(card, [...files, ...(overlay ? ['boot/overlay-user/dmaheap.dtbo'] : [])]),
    same('armbianEnv.txt', read(card, 'boot/armbianEnv.txt').trimEnd().split('\n'), env),
    same('extlinux.conf', read(card, 'boot/extlinux/extlinux.conf').trimEnd().split('\n'), extlinux),
    whole.all?.includes(`${promised}=y`) ? '' : 'the version of the kernel does not depend on the symbols',
    stopped.all?.includes('STOPPED') ? '' : `a lost line does not stop the build: ${stopped.all}`,
  );
}

/**
 * The board's own kas file is what the first lines of ours say it is. OpenEmbedded's part is the one script that kas runs;
 * everything is in local folders, so nothing is downloaded.
 */
async function yocto({ command: [program, ...args], env }: Kas, directory: string, scratch: string, { plan }: Tree) {
  const told = read(directory, 'kas/dmaheap.yml').matchAll(/^# {3}(\w.*)$/gm);
  write([...told].map(([, line]) => `${line}\n`).join(''), scratch, 'board.yml');
  write('header: { version: 12 }\nrepos: { oe: { path: oe, layers: { meta: } } }\n', scratch, 'oe.yml');
  write('mkdir -p "$1/conf" && cd "$1"\n', scratch, 'oe/oe-init-build-env');
  cpSync(directory, path.join(scratch, 'meta-dmaheap'), { recursive: true });
  const inScratch = { KAS_WORK_DIR: scratch, KAS_BUILD_DIR: path.join(scratch, 'build') };
  const files = ['board.yml', 'oe.yml'].map((name) => path.join(scratch, name)).join(':');
  const refused = said(
    await objections('git', ['init', '-q', scratch]),
    await objections(program, [...args, 'checkout', files], { cwd: scratch, env: { ...env, ...inScratch } }),
  );
  if (refused !== '') return refused;
  const layers = [...read(scratch, 'build/conf/bblayers.conf').matchAll(/\$\{TOPDIR\}\/([^\s"]+)/g)];
  const installed = /^IMAGE_INSTALL:append = " (.*)"$/m.exec(read(scratch, 'build/conf/local.conf'))?.[1]?.split(' ');
  const recipes = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((file) => path.basename(file));
  return said(
    same(
      'layers',
      layers.map(([, layer]) => layer),
      ['../meta-dmaheap', '../oe/meta'],
    ),
    same('IMAGE_INSTALL', installed, [
      'dmaheap-access',
      'dmaheap-verify',
      ...(hasTree(plan) ? ['dmaheap-overlay'] : []),
    ]),
    (installed ?? []).filter((name) => !recipes.includes(`${name}_1.0.bb`)).map((name) => `${name} has no recipe`),
  );
}

export const SYSTEM_JUDGES: readonly SystemJudge[] = [
  {
    target: 'kbuild',
    name: 'make -n, and the overlay built',
    judge: kbuild,
    spoil: ['Makefile', 'dtbo: dmaheap.dtbo', 'dtbo: dmaheap.dtb'],
  },
  {
    target: 'u-boot',
    name: 'mkimage, and the entry by its documentation',
    judge: uboot,
    spoil: ['extlinux/extlinux.conf', '\tLINUX', '\tLINUCKS'],
  },
  {
    target: 'raspberrypi',
    name: 'config.txt and rules by their documentation',
    judge: raspberrypi,
    spoil: ['config.txt', 'dtoverlay=', 'dtoverlay '],
  },
  {
    target: 'debian',
    name: 'dpkg-buildpackage',
    trees: ['imx8mp-evk'],
    judge: debian,
    spoil: ['debian/control', 'Architecture:', 'Arkitecture:'],
  },
  {
    target: 'buildroot',
    name: 'the start script, with a stand-in for the verifier',
    trees: ['sample', 'qemu-x86_64'],
    judge: startScript,
    spoil: ['package/dmaheap-verify/S15dmaheap-verify', 'return "$status"', 'return 0'],
  },
  {
    target: 'buildroot',
    name: 'make reads external.mk, with a stand-in for Buildroot',
    trees: ['rockpro64', 'sample'],
    judge: buildrootLinux,
    spoil: ['external.mk', 'FRAGMENT_FILES += ', 'FRAGMENT_FILES = '],
  },
  {
    target: 'container',
    name: 'docker-compose config, quadlet -dryrun, liblxc',
    trees: 'every example',
    judge: container,
    spoil: ['dmaheap.compose.yaml', 'devices:', 'device:'],
  },
  {
    target: 'mkosi',
    name: 'mkosi summary, alone and included',
    trees: ['imx8mp-evk', 'qemu-x86_64', 'sample'],
    judge: mkosi,
    spoil: ['mkosi.conf', '[Content]', '[Contents'],
  },
  {
    target: 'nixos',
    name: 'nix-instantiate --eval, with a stand-in for nixpkgs',
    judge: nixos,
    spoil: ['default.nix', 'lib.kernel.yes', 'lib.kernel.no'],
  },
  {
    target: 'openwrt',
    name: 'make with a stand-in for OpenWrt',
    trees: ['sample'],
    judge: openwrtPackage,
    spoil: ['package/dmaheap/files/dmaheap-access', 'ln -sfn', 'true'],
  },
  {
    target: 'openwrt',
    name: 'the patch that strips heaps',
    trees: ['sample'],
    judge: openwrtTree,
    spoil: ['check-tree.sh', 'heaps\\/Makefile', 'heaps\\/makefile'],
  },
  {
    target: 'android',
    name: 'checkmodule, sefcontext_compile, make; config.fs and ueventd.rc by their documentation',
    judge: android,
    spoil: ['sepolicy/dmaheap.te', ':chr_file', ':char_file'],
  },
  {
    target: 'alpine',
    name: 'busybox ash does what abuild does',
    trees: ['sample', 'qemu-x86_64'],
    judge: alpine,
    spoil: ['APKBUILD', 'install="$pkgname.pre-install', 'install="$pkgname.before-install'],
  },
  {
    target: 'armbian',
    name: 'the hooks, with a stand-in for the framework',
    trees: ['sample', 'qemu-x86_64'],
    judge: armbian,
    spoil: ['userpatches/extensions/dmaheap/dmaheap.sh', 'exit_with_error', 'true'],
  },
  {
    target: 'yocto',
    name: 'kas checkout',
    trees: 'every example',
    judge: (...tree) => yocto({ command: ['/usr/bin/kas'], env: {} }, ...tree),
    spoil: ['kas/dmaheap.yml', 'local_conf_header', 'local_conf_headers'],
  },
  {
    target: 'yocto',
    name: 'kas checkout (4)',
    trees: ['sample', 'qemu-x86_64'],
    judge: async (...tree) => yocto(await trixieKas(), ...tree),
    spoil: ['kas/dmaheap.yml', 'local_conf_header', 'local_conf_headers'],
  },
];
