import type { StopMode } from "./stopping.ts";

const modes: Readonly<Partial<Record<NodeJS.Signals, StopMode>>> = {
  SIGTERM: "warm",
  SIGINT: "soft",
  // Windows has no such signal, and Node none to listen for there.
  ...(process.platform !== "win32" && { SIGQUIT: "hard" as const }),
};

/** Calls back for each signal that asks the process to stop, with how: a second one means at once. The answer puts things back as they were. */
export function onStopSignals(callback: (mode: StopMode) => void): () => void {
  let isFirst = true;
  const onSignal = (signal: NodeJS.Signals): void => {
    callback(isFirst ? (modes[signal] ?? "warm") : "hard");
    isFirst = false;
  };
  const signals = Object.keys(modes) as NodeJS.Signals[];
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}
