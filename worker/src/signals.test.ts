import { expect, test } from "vitest";
import { onStopSignals } from "./signals.ts";

test.each([
  ["SIGTERM", "warm"],
  ["SIGINT", "soft"],
  ["SIGQUIT", "hard"],
] as const)(
  "a signal stops the worker: %s means %s, a second one of any kind means hard, and afterwards nothing is left",
  (signal, mode) => {
    const modes: string[] = [];
    const restore = onStopSignals((each) => void modes.push(each));
    process.emit(signal, signal);
    process.emit("SIGTERM", "SIGTERM");
    expect(modes).toEqual([mode, "hard"]);
    restore();
    expect(["SIGTERM", "SIGINT", "SIGQUIT"].map((each) => process.listenerCount(each))).toEqual([0, 0, 0]);
  },
);
