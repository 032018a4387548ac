/** Values of a .config, for those who only want to look one up. */
export function configValues(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const set = /^CONFIG_([A-Za-z0-9_]+)=(.*)$/.exec(line);
    const off = /^# CONFIG_([A-Za-z0-9_]+) is not set$/.exec(line)?.[1];
    if (set?.[1] !== undefined && set[2] !== undefined)
      values.set(set[1], set[2].replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1'));
    else if (off !== undefined) values.set(off, 'n');
  }
  return values;
}
