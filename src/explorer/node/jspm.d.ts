/** @jspm/core comes without types. */
declare module '@jspm/core/nodelibs/fs' {
  export * from 'node:fs';
}
declare module '@jspm/core/nodelibs/buffer' {
  export { Buffer } from 'node:buffer';
}
declare module '@jspm/core/nodelibs/process' {
  export { default } from 'node:process';
}
