/** What the engine uses of `node:os`, for a browser. */
export const availableParallelism = (): number => 1;
export const homedir = (): string => '/home';
export const hostname = (): string => 'page';
export const tmpdir = (): string => '/tmp';
