/** What the engine uses of `node:util`, for a browser. */
export { default as isDeepStrictEqual } from 'fast-deep-equal/es6/index.js';

/** There is no terminal. */
export const stripVTControlCharacters = (text: string): string => text;
