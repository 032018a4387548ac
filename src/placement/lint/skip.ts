/** What keeps a lint from having anything to judge: a pass is for what was looked at. */
import { parameterValue } from '../command-line.js';
import type { LintContext } from './context.js';
import { staticRange } from './context.js';

export interface Skip {
  readonly status: 'not-run' | 'not-applicable';
  readonly reason: string;
  /** What would make it run. */
  readonly fix: string;
}

const notApplicable = (reason: string): Skip => ({ status: 'not-applicable', reason, fix: 'not applicable' });
const notRun = (reason: string, fix: string): Skip => ({ status: 'not-run', reason, fix });

export function noReservedMemory({ situation }: LintContext): Skip | undefined {
  return situation.reservedMemory.node === undefined
    ? notApplicable('the device tree has no /reserved-memory')
    : undefined;
}

export function nothingReserved({ situation, input }: LintContext): Skip | undefined {
  const { reservedMemory, memoryReservations, parameter } = situation;
  const isEmpty = reservedMemory.nodes.length + memoryReservations.length === 0 && parameter === undefined;
  return isEmpty && (input.overlays ?? []).length === 0 ? notApplicable('no memory is reserved') : undefined;
}

export function noPool({ pools }: LintContext): Skip | undefined {
  return pools.length === 0 ? notApplicable('the device tree has no reusable pool') : undefined;
}

export function noPoolWithBase({ pools }: LintContext): Skip | undefined {
  return pools.some((node) => staticRange(node) !== undefined)
    ? undefined
    : notApplicable('no reusable pool has a base (reg)');
}

export function noPoolWithSize({ pools }: LintContext): Skip | undefined {
  return pools.some((node) => node.reg === undefined && node.size !== undefined)
    ? undefined
    : notApplicable('no reusable pool has a size without a base');
}

export const RAM_UNKNOWN = 'the RAM banks are not known';

/** Without the banks every address is a guess. */
function noRam({ isRamKnown }: LintContext): Skip | undefined {
  return isRamKnown
    ? undefined
    : notRun(RAM_UNKNOWN, 'state board.memory in the profile, or give --memory BASE+SIZE or --boot-log FILE');
}

export function noPoolOrRam(context: LintContext): Skip | undefined {
  return noPool(context) ?? noRam(context);
}

/** Neither a pool nor an area of the command line or Kconfig. */
export function nothingToPlace(context: LintContext): Skip | undefined {
  const { situation, pools } = context;
  const isAsked = situation.dmaCma && (situation.parameter?.sizeBytes ?? situation.kconfigSize.mebibytes) > 0n;
  const hasSize = pools.some((node) => node.reg === undefined && node.size !== undefined);
  return hasSize || isAsked ? noRam(context) : notApplicable('no area has to be placed');
}

export function noArea(context: LintContext): Skip | undefined {
  const { prediction, pools } = context;
  if (prediction.areas.length === 0 && pools.length === 0) return notApplicable('the kernel makes no CMA area');
  return noRam(context);
}

export function noParameter({ input, situation, prediction }: LintContext): Skip | undefined {
  if (situation.parameter !== undefined) return undefined;
  if (input.commandLine === undefined && prediction.commandLine === '')
    return notRun('the command line is not known', 'give --cmdline TEXT or --boot-log FILE');
  return parameterValue(prediction.commandLine, 'cma') === undefined
    ? notApplicable('the command line has no cma=')
    : undefined;
}

export function noConfiguration({ input, pools, situation }: LintContext): Skip | undefined {
  if (input.config === undefined || input.configComplete === false)
    return notRun('no .config of the kernel was given', 'give --config FILE');
  return pools.length === 0 && situation.parameter === undefined
    ? notApplicable('neither a reusable pool nor cma= requests CMA')
    : undefined;
}

export function noShare(context: LintContext): Skip | undefined {
  const { situation, prediction } = context;
  const isEmpty = situation.reservedMemory.nodes.length === 0 && situation.reservedMemory.disabled.length === 0;
  if (isEmpty && prediction.areas.length === 0) return notApplicable('no memory is reserved');
  return noRam(context);
}
