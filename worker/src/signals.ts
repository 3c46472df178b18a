const stopSignals = ["SIGTERM", "SIGINT"] as const;

/** Calls back for each signal that asks the process to stop, with how many came before it. The answer puts things back as they were. */
export function onStopSignals(callback: (before: number) => void): () => void {
  let count = 0;
  const onSignal = (): void => {
    callback(count);
    count += 1;
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
  return () => {
    for (const signal of stopSignals) process.off(signal, onSignal);
  };
}
