import { type Command, type CommandOutcome, controlCapability } from "../model/command.ts";
import type { Clock } from "../ports/clock.ts";
import type { SessionState, StreamControl } from "./session-state.ts";

/** Commands on their way to workers and back. */
export type Commands = {
  /** Gives a session's worker a command; resolves with what became of it. */
  ask(state: SessionState, command: Command, timeoutMs: number): Promise<CommandOutcome>;
  /** What came of a command, as the worker of a stream says. One that nobody waits for, or that another got, is ignored. */
  answer(stream: StreamControl, commandId: number, outcome: CommandOutcome): void;
  /** A stream is over: what it was asked, nobody will answer. */
  gone(stream: StreamControl): void;
};

type Waiting = { readonly stream: StreamControl; readonly end: (outcome: CommandOutcome) => void };

/** Makes the exchange of commands; numbers rise over all workers. */
export function createCommands(clock: Pick<Clock, "after">): Commands {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;

  function wait(stream: StreamControl, command: Command, timeoutMs: number): Promise<CommandOutcome> {
    const commandId = ++lastId;
    return new Promise((resolve) => {
      const cancelTimer = clock.after(timeoutMs, () => end({ kind: "timed_out" }));
      const end = (outcome: CommandOutcome): void => {
        waiting.delete(commandId);
        cancelTimer();
        resolve(outcome);
      };
      waiting.set(commandId, { stream, end });
      if (!stream.tellCommand(commandId, command)) end({ kind: "busy" });
    });
  }

  return {
    async ask(state, command, timeoutMs) {
      const { stream, hello } = state;
      if (stream === undefined) return { kind: "disconnected" };
      if (!hello.traits.capabilities.has(controlCapability)) return { kind: "unsupported" };
      return wait(stream, command, timeoutMs);
    },
    answer(stream, commandId, outcome) {
      const asked = waiting.get(commandId);
      if (asked?.stream === stream) asked.end(outcome);
    },
    gone(stream) {
      for (const asked of [...waiting.values()])
        if (asked.stream === stream) asked.end({ kind: "disconnected" });
    },
  };
}
