/** The oldest Node that this runs on: `engines` of package.json, which npm only warns about. */
const FLOOR = { major: 20, minor: 19 };

/**
 * Debian 12's own Node is 18, and what fails there looks like a defect of ours.
 * @param version as `process.versions.node` states it
 * @returns what to say to somebody whose Node is too old; undefined when it is not
 */
export function nodeTooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > FLOOR.major || (major === FLOOR.major && minor >= FLOOR.minor)) return undefined;
  return (
    `dmaheap: needs Node ${FLOOR.major}.${FLOOR.minor} or newer, and this is ${version}\n` +
    '  fix: install a newer one: Debian 13 has it (nodejs); on Debian 12, `npm install -g --foreground-scripts node@20 npm@10` as root\n'
  );
}
