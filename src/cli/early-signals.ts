const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Nothing was started: the exit code is the one a shell gives a process that such a signal has ended. */
const endAtOnce = (_name: NodeJS.Signals, number: number): never => process.exit(128 + number);

/**
 * Lets SIGTERM and SIGINT end the process at once, until a command has an order of its own for them. Without any
 * handler they would be ignored where this is process 1, as in a container.
 */
export function endOnSignals(): void {
  for (const name of SIGNALS) {
    process.on(name, endAtOnce);
  }
}

/** Handles the signals by `handler` instead. @returns puts things back as they were. */
export function handleSignals(handler: (name: NodeJS.Signals) => void): () => void {
  const early = SIGNALS.filter((name) => process.rawListeners(name).includes(endAtOnce));
  for (const name of SIGNALS) {
    process.on(name, handler);
    process.off(name, endAtOnce);
  }
  return () => {
    for (const name of SIGNALS) {
      process.off(name, handler);
    }
    for (const name of early) {
      process.on(name, endAtOnce);
    }
  };
}
