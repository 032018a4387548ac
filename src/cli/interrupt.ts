/** Ctrl-C leaves nothing behind, and still ends the program as Ctrl-C does. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const tidying = new Set<() => void>();

function forget(tidy: () => void): void {
  tidying.delete(tidy);
  if (tidying.size === 0) for (const signal of SIGNALS) process.removeListener(signal, interrupted);
}

function interrupted(signal: NodeJS.Signals): void {
  for (const tidy of tidying) {
    tidy();
    forget(tidy);
  }
  process.kill(process.pid, signal);
}

/** @returns a function that forgets about it */
export function onInterrupt(tidy: () => void): () => void {
  if (tidying.size === 0) for (const signal of SIGNALS) process.on(signal, interrupted);
  tidying.add(tidy);
  return () => forget(tidy);
}

/** Does what waits for nothing to its end; a Ctrl-C meanwhile ends the program after it. */
export function uninterrupted<T>(work: () => T): T {
  const end = onInterrupt(() => {});
  try {
    return work();
  } finally {
    // A signal that came meanwhile is heard when the event loop has come around once more.
    setImmediate(() => setImmediate(end));
  }
}
