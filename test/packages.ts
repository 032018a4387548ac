/** Debian packages that the suites need, and how they get onto the machine. */
import { spawnSync } from 'node:child_process';

/** What `npm test` needs on a bare Debian. */
export const UNIT_PACKAGES = [
  'bc',
  'bison',
  'clang',
  'clang-tidy',
  'device-tree-compiler',
  'fish',
  'flex',
  'g++',
  'gcc',
  'groff-base',
  'libc6-dev',
  'libfdt-dev',
  'libxml2-utils',
  'make',
  'man-db',
  'shellcheck',
  'xz-utils',
  'yamllint',
  'zsh',
] as const;

/** What the suites on real kernels, DTBs and guests need besides. */
export const REAL_PACKAGES = [
  'autoconf',
  'automake',
  'busybox',
  'ccache',
  'checkpolicy',
  'chromium',
  'cpio',
  'debhelper',
  'dpkg-dev',
  'e2fsprogs',
  'g++-aarch64-linux-gnu',
  'gcc-aarch64-linux-gnu',
  'gcc-arm-linux-gnueabihf',
  'gcc-riscv64-linux-gnu',
  'golang-go',
  'gperf',
  'kas',
  'kmod',
  'libc6-dev-arm64-cross',
  'libc6-dev-armhf-cross',
  'libc6-dev-riscv64-cross',
  'libelf-dev',
  'libssl-dev',
  'libtool',
  'nix-bin',
  'pkgconf',
  'qemu-system-arm',
  'qemu-system-misc',
  'qemu-system-x86',
  'rsync',
  'rustc',
  'selinux-utils',
  'systemd',
  'u-boot-tools',
] as const;

function isInstalled(name: string): boolean {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', `\${Status}`, name], { encoding: 'utf8' });
  return stdout?.includes('ok installed') ?? false;
}

/**
 * Installs what is missing where that is possible: as root, with apt.
 * @returns the packages that are still missing
 */
export function ensurePackages(names: readonly string[]): string[] {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0 || process.getuid?.() !== 0) return missing;
  console.log(`installing ${missing.join(' ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) =>
    spawnSync('apt-get', ['-qq', ...args], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...missing);
  return missing.filter((name) => !isInstalled(name));
}
