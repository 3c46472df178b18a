import type { Instant } from "../../model/ids.ts";
import type { AdminStore } from "../../ports/admin-store.ts";
import { deadLetterCalls } from "./attempts.ts";
import { edit } from "./edit.ts";
import { removeTasks } from "./remove.ts";
import { listRevocations, revoke, withdrawRevocations } from "./revoke.ts";
import type { State } from "./state.ts";

/** What operators do to tasks; `call` runs a verb as one transaction. */
export const createAdminStore = (
  state: State,
  call: <T>(verb: () => T, now?: Instant) => Promise<T>,
): AdminStore => ({
  ...deadLetterCalls(state, call),
  edit: (edits) => call(() => edit(state, edits), edits[0]?.now),
  revoke: (asked, now) => call(() => revoke(state, asked, now)),
  listRevocations: (page) => call(() => listRevocations(state, page)),
  withdrawRevocations: (namespace, ids, now) => call(() => withdrawRevocations(state, namespace, ids, now)),
  remove: (refs, now) => call(() => removeTasks(state, refs, now)),
});
