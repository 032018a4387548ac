/** A browser does not run other programs. A check that needs one is not run, and its result names the program. */
function absent(): never {
  throw new Error('a browser does not run other programs');
}

export {
  absent as createGunzip,
  absent as createRequire,
  absent as deserialize,
  absent as execa,
  absent as execaSync,
  absent as globSync,
  absent as isDynamicPattern,
  absent as pipeline,
  absent as serialize,
  absent as Worker,
};

export const isMainThread = true;
export const parentPort = null;
export const workerData = undefined;

export const setTimeout = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => globalThis.setTimeout(resolve, milliseconds));
