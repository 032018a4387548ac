/** Finds and loads the native addon, on first use only: no other command pays for it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export interface AddonRequest {
  readonly root: string;
  readonly expect?: string;
  readonly as?: string;
  readonly import?: string;
  readonly deep: boolean;
  readonly waitMs: number;
  readonly limitMs: number;
  /** enum dh_care of the core. */
  readonly care: number;
}

/** Either the report as JSON, or why the request was refused (line 0: not about a line of the expectation). */
export type AddonAnswer =
  | { readonly report: string }
  | { readonly line: number; readonly message: string; readonly fix: string };

export interface Addon {
  readonly version: string;
  verify(request: AddonRequest): Promise<AddonAnswer>;
}

/** Beside the bundle, or in dist/ when run from the sources. */
const PLACES = ['./prebuilds/', '../prebuilds/', '../../dist/prebuilds/'];

function libc(): 'glibc' | 'musl' {
  const header = (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header;
  return header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function candidates(): string[] {
  const variant = process.arch === 'arm' ? '.armv7' : '';
  const name = `${process.platform}-${process.arch}/dmaheap.napi${variant}.${libc()}.node`;
  return PLACES.map((place) => fileURLToPath(new URL(place + name, import.meta.url)));
}

export type LoadedAddon = { readonly addon: Addon } | { readonly missing: string };

let loaded: LoadedAddon | undefined;

/** The addon, or one sentence that says why there is none. */
export function loadAddon(): LoadedAddon {
  loaded ??= load();
  return loaded;
}

function load(): LoadedAddon {
  if (process.platform !== 'linux')
    return { missing: `heaps exist on Linux only, and this machine runs ${process.platform}` };
  const file = candidates().find((candidate) => existsSync(candidate));
  if (file === undefined) return { missing: `no addon was built for ${process.arch} and ${libc()}` };
  try {
    return { addon: createRequire(import.meta.url)(file) as Addon };
  } catch (error) {
    return { missing: `${file} cannot be loaded: ${(error as Error).message}` };
  }
}
