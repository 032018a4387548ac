/**
 * The Node releases that this runs on: `engines` of package.json, which npm only warns about.
 * `process.getBuiltinModule` came with 22.3 and was brought back to 20, but not to 21.
 */
const OLDEST: Readonly<Record<number, number>> = { 20: 19, 22: 3 };

/**
 * Debian 12's own Node is 18, and what fails there looks like a defect of ours.
 * @param version as `process.versions.node` states it
 * @returns the message for a Node that is too old; undefined when it is not
 */
export function nodeTooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 22 || minor >= (OLDEST[major] ?? Number.POSITIVE_INFINITY)) return undefined;
  return (
    `dmaheap: needs Node 20.19 or newer (22.3 or newer of 22, and not 21), but this is ${version}\n` +
    '  fix: install a newer one: Debian 13 has it (nodejs); on Debian 12, `npm install -g --foreground-scripts node@20 npm@10` as root\n'
  );
}
