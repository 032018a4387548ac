/** dmaheap init: a first profile from a board's DTB and configuration, or from the running board. */
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Diagnostic } from '../../diagnostic/index.js';
import { parseKernelVersion } from '../../facts/index.js';
import { type DeviceTreeListing, type Fdt, readFdt, readLiveTree } from '../../fdt/index.js';
import { type BoardFindings, draftProfile } from '../../plan/draft.js';
import { configValues } from '../config.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { readBytes, readText, reasonOf } from '../files.js';

export interface InitOptions {
  readonly dtb?: string;
  readonly config?: string;
  readonly live?: boolean;
  readonly output?: string;
  readonly root?: string;
}

/** Deeper than any device tree; a link that leads up must not be followed for ever. */
const MAX_DEPTH = 32;

function listDirectory(directory: string, depth = 0): DeviceTreeListing {
  const listing: Record<string, Uint8Array | DeviceTreeListing> = Object.create(null);
  if (depth > MAX_DEPTH) return listing;
  for (const name of readdirSync(directory)) {
    const file = path.join(directory, name);
    const stat = lstatSync(file);
    if (stat.isDirectory()) listing[name] = listDirectory(file, depth + 1);
    else if (stat.isFile()) listing[name] = readFileSync(file);
  }
  return listing;
}

const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

/** What the running system says; each source may be missing or not readable. */
function lookAround(root: string, diagnostics: Diagnostic[]): BoardFindings {
  const at = (file: string) => path.join(root, file);
  const iomem = attempt(() => readFileSync(at('/proc/iomem'), 'utf8')) ?? '';
  const memory = [...iomem.matchAll(/^([0-9a-f]+)-([0-9a-f]+) : System RAM$/gm)]
    .map(([, from = '0', to = '0']) => ({
      baseAddress: BigInt(`0x${from}`),
      sizeBytes: BigInt(`0x${to}`) - BigInt(`0x${from}`) + 1n,
    }))
    // An unprivileged reader sees zeros.
    .filter(({ sizeBytes }) => sizeBytes > 1n);
  const config = attempt(() => gunzipSync(readFileSync(at('/proc/config.gz'))).toString());
  const release = attempt(() => readFileSync(at('/proc/sys/kernel/osrelease'), 'utf8')) ?? '';
  const booted = attempt(() => readFileSync(at(`/boot/config-${release.trim()}`), 'utf8'));
  const groups = attempt(() => readFileSync(at('/etc/group'), 'utf8'));
  const heaps = attempt(() => readdirSync(at('/dev/dma_heap')));
  const listing = attempt(() =>
    existsSync(at('/proc/device-tree')) ? listDirectory(at('/proc/device-tree')) : undefined,
  );
  const live = listing === undefined ? undefined : readLiveTree(listing);
  diagnostics.push(...(live?.diagnostics ?? []));
  const values = config ?? booted;
  const kernel = parseKernelVersion(release);
  return {
    ...(live?.value === undefined ? {} : { tree: live.value }),
    ...(values === undefined ? {} : { config: configValues(values) }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(memory.length === 0 ? {} : { memory }),
    ...(heaps === undefined ? {} : { heaps }),
    ...(groups === undefined ? {} : { groups: groups.split('\n').map((line) => line.split(':')[0] ?? '') }),
  };
}

/** `# Linux/arm64 6.12.107 Kernel Configuration`. */
const versionOfConfig = (text: string) =>
  parseKernelVersion(/^# Linux\/\S+ (\S+) Kernel Configuration/m.exec(text)?.[1] ?? '');

export async function init(context: Context, options: InitOptions): Promise<Exit> {
  if (options.dtb === undefined && options.config === undefined && options.live !== true) {
    context.complain('what is the board?', 'give --dtb FILE, --config FILE, or --live on the running board');
    return EXIT.usage;
  }
  const diagnostics: Diagnostic[] = [];
  let found: BoardFindings = options.live === true ? lookAround(context.resolve(options.root ?? '/'), diagnostics) : {};
  if (options.dtb !== undefined) {
    const got = readBytes(context.resolve(options.dtb));
    if ('error' in got) {
      context.complain(`--dtb ${options.dtb}: ${got.error}`);
      return EXIT.environment;
    }
    const read = readFdt(got.bytes, options.dtb);
    diagnostics.push(...read.diagnostics);
    if (read.value === undefined) {
      context.findings(diagnostics);
      return EXIT.findings;
    }
    const tree: Fdt = read.value;
    found = { ...found, tree, dtbName: path.basename(options.dtb).replace(/\.dtb$/, '') };
  }
  if (options.config !== undefined) {
    const got = readText(context.resolve(options.config));
    if ('error' in got) {
      context.complain(`--config ${options.config}: ${got.error}`);
      return EXIT.environment;
    }
    const kernel = versionOfConfig(got.text);
    found = { ...found, config: configValues(got.text), ...(kernel === undefined ? {} : { kernel }) };
  }
  context.findings(diagnostics);
  const text = draftProfile(found);
  if (options.output === undefined || options.output === '-') {
    context.print(text);
    return EXIT.good;
  }
  try {
    // A profile somebody has worked on is not replaced by a draft.
    writeFileSync(context.resolve(options.output), text, { flag: 'wx' });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    context.complain(
      exists ? `${options.output} exists` : `cannot write ${options.output}: ${reasonOf(error)}`,
      'give another file with -o',
    );
    return exists ? EXIT.usage : EXIT.environment;
  }
  context.note(`wrote ${options.output}; lines marked DECIDE hold a guess. Next: dmaheap validate ${options.output}`);
  return EXIT.good;
}
