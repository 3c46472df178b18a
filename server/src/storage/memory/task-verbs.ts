import type { Instant } from "../../model/ids.ts";
import type { TaskStore } from "../../ports/task-store.ts";
import { accept } from "./accept.ts";
import { apply } from "./apply.ts";
import { claim } from "./claim.ts";
import { extend } from "./extend.ts";
import { settle } from "./settle.ts";
import type { State } from "./state.ts";

type TaskVerbs = Pick<TaskStore, "accept" | "claim" | "extend" | "settle" | "apply">;

/** What moves tasks. */
export const createTaskVerbs = (
  state: State,
  call: <T>(verb: () => T, now?: Instant) => Promise<T>,
): TaskVerbs => ({
  accept: (batch) => call(() => accept(state, batch), batch.now),
  claim: (want) => call(() => claim(state, want), want.now),
  extend: (request) => call(() => extend(state, request), request.now),
  settle: (settlements) => call(() => settle(state, settlements), settlements[0]?.now),
  apply: (changes) => call(() => apply(state, changes), changes[0]?.now),
});
