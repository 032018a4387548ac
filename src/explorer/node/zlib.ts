/** What the engine uses of `node:zlib`, for a browser. */
export { gunzipSync } from 'fflate';
export { createGunzip } from './absent.js';
