/** Standard output and error without Node's streams, the loading of which is a tenth of a start. */
import { fstatSync, statSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { EXIT } from './exit.js';

const WAIT_MS = 5;

/** Waits a moment for the process at the other end of a pipe that does not block. */
export function waitForPipe(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
}

/** Writes all of it before it returns. */
export function writeStandard(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; )
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') {
        waitForPipe();
        continue;
      }
      // `dmaheap ... | head` closes our output, which is not an error.
      if (code === 'EPIPE') process.exit(process.exitCode ?? EXIT.good);
      if (descriptor === 1) writeStandard(2, `dmaheap: cannot write standard output: ${message}\n`);
      process.exit(EXIT.environment);
    }
}

/** Node's own answer loads its sockets, so what is certainly no terminal is not asked about. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  const status = fstatSync(descriptor);
  return (
    status.isCharacterDevice() &&
    status.rdev !== statSync('/dev/null', { throwIfNoEntry: false })?.rdev &&
    isatty(descriptor)
  );
}
