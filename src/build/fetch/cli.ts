import { EXAMPLE_KERNEL } from '../../facts/index.js';
import { ARCHITECTURES, type Architecture, SUITES, type Suite } from './apt.js';
import { debianConfig, debianPackage, dtbDirectory, kernelTree } from './index.js';

const USAGE = `usage: npm run fetch -- [--refresh] kernel VERSION...          Debian's kernel sources, e.g. ${EXAMPLE_KERNEL}
       npm run fetch -- [--refresh] dtb ARCH [VERSION...]       device trees; VERSION like ${EXAMPLE_KERNEL}, 7.x or left out
       npm run fetch -- [--refresh] config ARCH VERSION...      kernel configurations
       npm run fetch -- [--refresh] package SUITE ARCH NAME...  packages, unpacked together (--with-dependencies)
ARCH: ${ARCHITECTURES.join(', ')}   SUITE: ${SUITES.join(', ')}
`;

class UsageError extends Error {}

function oneOf<T extends string>(known: readonly T[], given: string | undefined, what: string): T {
  const found = known.find((name) => name === given);
  if (!found) throw new UsageError(`${what} must be one of ${known.join(', ')}, not ${given ?? 'nothing'}`);
  return found;
}

async function* fetch(args: readonly string[]): AsyncGenerator<string> {
  const options = { refresh: args.includes('--refresh'), withDependencies: args.includes('--with-dependencies') };
  const [what, ...rest] = args.filter((arg) => !arg.startsWith('--'));
  const architecture = (given: string | undefined): Architecture => oneOf(ARCHITECTURES, given, 'ARCH');
  if (what === 'kernel' && rest.length) for (const version of rest) yield kernelTree(version, options);
  else if (what === 'dtb') {
    const arch = architecture(rest[0]);
    const versions = rest.slice(1);
    for (const version of versions.length ? versions : [undefined]) yield dtbDirectory(arch, version, options);
  } else if (what === 'config' && rest.length > 1) {
    const arch = architecture(rest[0]);
    for (const version of rest.slice(1)) yield debianConfig(arch, version, options);
  } else if (what === 'package' && rest.length > 2) {
    const suite: Suite = oneOf(SUITES, rest[0], 'SUITE');
    yield debianPackage(suite, architecture(rest[1]), rest.slice(2), options);
  } else throw new UsageError('nothing to fetch');
}

try {
  for await (const found of fetch(process.argv.slice(2))) process.stdout.write(`${found}\n`);
} catch (error) {
  const usage = error instanceof UsageError;
  const { message } = error as Error;
  // A minimal Debian does not have it, and tar and dpkg-deb report this among many other lines.
  const fix = /\bxz: (?:command not found|Cannot exec)/.test(message)
    ? '  fix: install the Debian package xz-utils\n'
    : '';
  process.stderr.write(`${message}\n${usage ? USAGE : fix}`);
  process.exitCode = usage ? 2 : 3;
}
