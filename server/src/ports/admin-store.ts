import type { Refusal } from "../model/admission.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import type { Replay } from "../model/dead-letter.ts";
import type { Instant, Namespace, TaskId, TaskRef } from "../model/ids.ts";
import type { CancelRequest } from "../model/task.ts";
import type { EditedTask } from "../model/task-edit.ts";

/** What operators do to tasks behind the backs of their producers. Same transactions, same errors as TaskStore. */
export interface AdminStore {
  /**
   * Writes each edit whose task still waits at the revision given; the others are conflicts. A queue comes into being where it is
   * new. Items are judged one after the other and are independent of each other.
   */
  edit(edits: readonly GuardedEdit[]): Promise<readonly EditVerdict[]>;
  /**
   * Removes ended tasks as their retention's end would, tombstone included, each with a verdict: "live" has not ended, "unknown" is
   * not there.
   */
  remove(refs: readonly TaskRef[], now: Instant): Promise<readonly RemoveVerdict[]>;
  /**
   * Cancels ids before they come: a task that is accepted under one of them before `until` ends cancelled in the same transaction, and
   * its entry with it. An id that has come already is "known", or "gone" when its task was removed, and nothing is noted. "limit": the
   * namespace has `limits.revocationsMax` entries. A later entry for the same id replaces the one before.
   */
  revoke(asked: readonly Revocation[], now: Instant): Promise<readonly RevokeVerdict[]>;
  /** Entries of a namespace whose time is not over, by id (code-unit order), after `after`. */
  listRevocations(page: RevocationPage): Promise<readonly Revocation[]>;
  /** Takes entries back, so that their ids mean nothing any more. Answers those that were there and not over, in the order asked. */
  withdrawRevocations(namespace: Namespace, ids: readonly TaskId[], now: Instant): Promise<readonly TaskId[]>;
  /** The attempts of a task that ended badly, oldest first, the newest `limits.attemptHistoryMax` of them. */
  readAttempts(ref: TaskRef): Promise<readonly AttemptRecord[]>;
  /** Notes which tasks replay others, the last of them for each; those that are not there are passed over. */
  noteReplays(notes: readonly ReplayNote[]): Promise<void>;
  /** How tasks were replayed, in the order asked; undefined where they were not, or are not there. */
  readReplays(refs: readonly TaskRef[]): Promise<readonly (Replay | undefined)[]>;
}

/** An id that is to be cancelled when it comes, until then. */
export type Revocation = { readonly ref: TaskRef; readonly cancel: CancelRequest; readonly until: Instant };

/** Which entries to list. */
export type RevocationPage = {
  readonly namespace: Namespace;
  readonly after: TaskId | undefined;
  readonly limit: number;
  readonly now: Instant;
};

/** What became of one. */
export type RevokeVerdict = "noted" | "known" | "gone" | "limit";

/** A task, and the one that replays it. */
export type ReplayNote = { readonly ref: TaskRef; readonly replay: Replay };

/** An edit of a waiting task, decided at that revision. */
export type GuardedEdit = {
  readonly ref: TaskRef;
  readonly revision: number;
  readonly edited: EditedTask;
  readonly now: Instant;
};

/** A refusal: the edit's queue is not there and may not be made, or takes nothing. Backlogs are not looked at. */
export type EditVerdict = "applied" | "conflict" | Refusal;

/** What became of a record that was to go. */
export type RemoveVerdict = "removed" | "live" | "unknown";
