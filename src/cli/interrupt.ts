/** Ctrl-C leaves nothing behind, and still ends the program as Ctrl-C does. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** @returns a function that forgets about it */
export function onInterrupt(tidy: () => void): () => void {
  const interrupted = (signal: NodeJS.Signals) => {
    tidy();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, interrupted);
  return () => {
    for (const signal of SIGNALS) process.removeListener(signal, interrupted);
  };
}
