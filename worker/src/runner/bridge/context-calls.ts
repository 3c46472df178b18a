import type { Logger } from "@stem/sdk";
import type { ContextCalls, ContextDeps } from "../../context.ts";
import type { HeldLease } from "../../lease.ts";
import type { Answerer, AnswerTable } from "./answering.ts";
import type { Asking } from "./asking.ts";
import { type CrossedFields, packFields, unpackFields } from "./crossing-errors.ts";

/** How each call of a context crosses over: `ask` waits for the answer. What ContextCalls gains does not compile until it has its row. */
const ways = {
  progress: "tell",
  keepLine: "tell",
  write: "ask",
  emit: "ask",
  checkpoint: "tell",
  place: "ask",
  heartbeat: "ask",
  extend: "ask",
} as const satisfies Record<keyof ContextCalls, "ask" | "tell">;

const levels = ["debug", "info", "warn", "error"] as const;

/** The calls of a context in a thread or child process: each goes to the worker by its name. The worker knows the lease. */
export function askedContextCalls(asking: Asking): ContextCalls {
  const calls = Object.entries(ways).map(([call, way]) => [
    call,
    (_: HeldLease, ...args: readonly unknown[]) =>
      way === "ask" ? asking.ask(call, args) : asking.tell(call, args),
  ]);
  return Object.fromEntries(calls) as ContextCalls;
}

/** A log whose lines are written by the worker's. */
export function askedLog(asking: Asking): Logger {
  const at = (level: string) => (facts: object, text: string) =>
    asking.tell("log", [level, packFields(facts), text]);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The worker's side of both, for one lease. */
export function answeredContextCalls(deps: ContextDeps, lease: HeldLease): AnswerTable {
  const calls = Object.keys(ways).map((call): [string, Answerer] => {
    const answer = deps[call as keyof ContextCalls] as (lease: HeldLease, ...args: unknown[]) => unknown;
    return [call, (args) => answer(lease, ...args)];
  });
  return {
    ...Object.fromEntries(calls),
    log([level, facts, text]) {
      const known = levels.find((each) => each === level) ?? "info";
      deps.log[known](unpackFields(facts as CrossedFields), String(text));
    },
  };
}
