import { createEdit } from "./edit.ts";
import { createRemove } from "./remove.ts";
import { createNoteReplays } from "./replays.ts";
import { createRevoke } from "./revoke.ts";
import type { WriterCalls } from "./threads/writer-verbs.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs by which operators change single tasks. */
export const createAdminCalls = (
  writing: Writing,
): Pick<WriterCalls, "edit" | "remove" | "revoke" | "withdrawRevocations" | "noteReplays"> => ({
  edit: createEdit(writing),
  remove: createRemove(writing),
  revoke: createRevoke(writing),
  withdrawRevocations: (namespace, ids, now) =>
    ids.filter((id) => writing.revocations.take(namespace, id, now) !== undefined),
  noteReplays: createNoteReplays(writing),
});
