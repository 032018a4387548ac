/** What the device controller of a unit closes. Sources: systemd.resource-control(5), systemd.exec(5); bpf-devices.c. */
import { globPattern } from './glob.js';
import type { Setting, Unit } from './unit-files.js';
import { choiceOf, flagOf, lastOf, listOf, type Obstacle, withSpecifiers } from './unit-settings.js';
import { splitWords } from './words.js';

/** An entry of DeviceAllow=. */
interface Allowed {
  readonly what: string;
  readonly rights: string;
  readonly setting: Setting;
}

/** Entries that systemd reads; it ignores those with other rights, and paths that are not of /dev. */
function allowedBy(unit: Unit): Allowed[] {
  return listOf(unit, 'DeviceAllow').flatMap((setting) => {
    const { words: [first] = [], rest = '' } = splitWords(withSpecifiers(unit.name, setting.value), 1) ?? {};
    if (first === undefined) return [];
    const [what, rights] = [first.text, rest === '' ? 'rwm' : rest];
    const isDevice = /^(?:char|block)-|^\/+(?:dev|run\/+systemd\/+inaccessible)\/+./.test(what);
    return isDevice && /^[rwm]+$/.test(rights) ? [{ what, rights, setting }] : [];
  });
}

/** @param nodes paths by which the device is found: `/dev/dma_heap/system` and links to it */
const names = ({ what }: Allowed, nodes: readonly string[], driver: string) =>
  what.startsWith('char-')
    ? globPattern(what.slice('char-'.length)).test(driver)
    : nodes.includes(what.replace(/\/+/g, '/'));

/** In every list of closed devices but that of DevicePolicy=strict. systemd opens it as the standard input. */
const NULL = { path: '/dev/null', driver: 'mem' };
/** Of StandardInput= when it does not open /dev/null. */
const OTHER_INPUT = /^(?:tty|socket|file:|data|fd)/;

const policyOf = (unit: Unit): Setting | undefined => choiceOf(unit, 'DevicePolicy', /^(?:auto|closed|strict)$/);

/**
 * Releases of systemd whose ProtectClock= adds an entry to DeviceAllow= in every case, and so closes all other devices.
 * The updates of 252 differ in this. Sources: NEWS of 245; pull request 25075, which is in 253.
 */
const CLOCK_CLOSES = { since: 245, until: 252 };

const clockOf = (unit: Unit, systemd: number | undefined): Setting | undefined => {
  if (systemd === undefined || systemd < CLOCK_CLOSES.since || systemd >= CLOCK_CLOSES.until) return undefined;
  const flag = flagOf(unit, 'ProtectClock');
  return flag?.isSet === true ? flag.setting : undefined;
};

/** Why the device controller of a unit (a service or a slice) keeps processes from a node. */
export function deviceObstacle(
  unit: Unit,
  service: Unit,
  nodes: readonly string[],
  driver: string,
  systemd: number | undefined,
): Obstacle | undefined {
  const policy = policyOf(unit);
  const allowed = allowedBy(unit);
  const mode = policy === undefined || policy.value === 'auto' ? undefined : policy;
  const hidden = flagOf(unit, 'PrivateDevices');
  const because =
    mode ?? (hidden?.isSet === true ? hidden.setting : undefined) ?? allowed.at(-1)?.setting ?? clockOf(unit, systemd);
  if (because === undefined) return undefined;
  const about = allowed.filter((one) => names(one, nodes, driver));
  if (about.some(({ rights }) => rights.includes('r') && rights.includes('w')))
    return mode?.value === 'strict' ? inputObstacle(mode, service, allowed) : undefined;
  const near = about[0];
  const fix = `add DeviceAllow=char-${driver} rw`;
  if (near !== undefined)
    return {
      setting: near.setting,
      cause: `DeviceAllow=${near.setting.value} does not give ${near.rights.includes('r') ? 'write' : 'read'} access, so opening the node for reading and writing fails with EPERM`,
      fix: `write DeviceAllow=char-${driver} rw`,
    };
  const others = allowed.map(({ what }) => what).join(', ');
  return {
    setting: because,
    cause:
      because.key === 'DeviceAllow'
        ? `the unit has DeviceAllow=, so every device that is not listed is closed; the list has only ${others}`
        : `${because.key}=${because.value} closes every device that DeviceAllow= does not list${others === '' ? '' : `; the list has only ${others}`}`,
    fix,
  };
}

/** DevicePolicy=strict closes /dev/null as well: without it the service does not start. */
function inputObstacle(policy: Setting, service: Unit, allowed: readonly Allowed[]): Obstacle | undefined {
  const input = lastOf(service, 'StandardInput')?.value ?? '';
  const isOpen = allowed.some((one) => names(one, [NULL.path], NULL.driver) && one.rights.includes('r'));
  if (isOpen || OTHER_INPUT.test(input)) return undefined;
  return {
    setting: policy,
    cause: `DevicePolicy=strict closes ${NULL.path}, which systemd opens as standard input, so the service ends with status 208/STDIN`,
    fix: `write DevicePolicy=closed, or add DeviceAllow=${NULL.path} rw`,
  };
}
