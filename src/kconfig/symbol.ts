/** Symbol types, as numbers for the arrays of the tree. */
export const UNKNOWN = 0;
export const BOOLEAN = 1;
export const TRISTATE = 2;
export const INT = 3;
export const HEX = 4;
export const STRING = 5;

export type SymbolType = typeof UNKNOWN | typeof BOOLEAN | typeof TRISTATE | typeof INT | typeof HEX | typeof STRING;

/** conf's own words for the types. */
export const TYPE_NAMES = ['unknown', 'bool', 'tristate', 'integer', 'hex', 'string'] as const;

export function isLogical(type: number): boolean {
  return type === BOOLEAN || type === TRISTATE;
}

/** Whether a text is a value of the type, as conf decides before it looks at ranges. */
export function isValidText(type: number, text: string): boolean {
  switch (type) {
    case STRING:
      return true;
    case INT:
      return /^-?(0|[1-9][0-9]*)$/.test(text);
    case HEX:
      return /^(0[xX])?[0-9a-fA-F]+$/.test(text);
    case BOOLEAN:
    case TRISTATE:
      return /^[yYmMnN]/.test(text);
    default:
      return false;
  }
}
