/** After the boot: the running machine against `verify.expect`, through the native core. */
import { defineCodes, type Outcome, reporter } from '../diagnostic/index.js';
import { loadAddon } from './addon.js';
import type { VerifyReport } from './report.js';

export * from './report.js';

export const VERIFY_CODES = defineCodes({
  'verify/addon-missing': {
    severity: 'error',
    title: 'the native verifier is not built',
    explain:
      'The probes are C code, which `npm install` builds when the machine has a C and a C++ compiler. On a board without Node or a compiler, run the static program dmaheap-verify.',
  },
  'verify/expectation': {
    severity: 'error',
    title: 'the expectation or the root directory cannot be used',
    explain: '`dmaheap generate` writes verify.expect. The verifier reads the whole file or refuses it.',
  },
});
const report = reporter(VERIFY_CODES);

export interface VerifyOptions {
  /** Path of verify.expect; without it every heap that is there is judged by the kernel's ABI alone. */
  readonly expect?: string;
  /** Prefix of every path that is looked at; the running machine when absent. */
  readonly root?: string;
  /** `USER[:GROUP,...]`: also try as this user (needs root). */
  readonly as?: string;
  /** DRM device (vgem, a display) that is also given a buffer of every heap, or /dev/udmabuf. */
  readonly import?: string;
  /** May hold a whole CMA area, and may make the kernel log a failed allocation. */
  readonly deep?: boolean;
  /** How long a late udev rule is waited for. */
  readonly waitMs?: number;
  /** The run ends within this, whatever a system call does; 30 s when absent. */
  readonly limitMs?: number;
  /**
   * How much of a running board is used: one buffer of each format and an eighth of an area's free memory (`quiet`), or
   * the whole budget (`exclusive`, which does not try it while others hold buffers, unless told). By who holds buffers
   * when absent.
   */
  readonly care?: 'quiet' | 'exclusive' | 'exclusive-despite-holders';
}

const CARES = [undefined, 'quiet', 'exclusive', 'exclusive-despite-holders'] as const;

/**
 * Runs every check on this machine. The value is the report, failed checks included; a diagnostic means that nothing
 * was checked.
 */
export async function verifySystem(options: VerifyOptions = {}): Promise<Outcome<VerifyReport>> {
  const loaded = loadAddon();
  if ('missing' in loaded)
    return {
      diagnostics: [
        report('verify/addon-missing', {
          message: loaded.missing,
          fix: 'install gcc and g++ and run `npm run build:native`, or run dmaheap-verify on the board',
        }),
      ],
    };
  const answer = await loaded.addon.verify({
    root: options.root ?? '',
    ...(options.expect === undefined ? {} : { expect: options.expect }),
    ...(options.as === undefined ? {} : { as: options.as }),
    ...(options.import === undefined ? {} : { import: options.import }),
    deep: options.deep ?? false,
    waitMs: options.waitMs ?? 0,
    limitMs: options.limitMs ?? 0,
    care: CARES.indexOf(options.care),
  });
  if ('report' in answer) return { value: JSON.parse(answer.report) as VerifyReport, diagnostics: [] };
  return {
    diagnostics: [
      report('verify/expectation', {
        message: answer.message,
        ...(answer.line > 0 && options.expect !== undefined
          ? { span: { file: options.expect, line: answer.line, column: 1, endLine: answer.line + 1, endColumn: 1 } }
          : {}),
        fix: answer.fix,
      }),
    ],
  };
}
