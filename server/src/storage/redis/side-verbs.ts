import type { AttemptRecord } from "../../model/attempt.ts";
import { type Instant, instantOf, type Namespace, taskIdOf } from "../../model/ids.ts";
import type {
  AdminStore,
  EditVerdict,
  GuardedEdit,
  RemoveVerdict,
  Revocation,
  RevokeVerdict,
} from "../../ports/admin-store.ts";
import type { CheckpointStore, CheckpointVerdict } from "../../ports/checkpoint-store.ts";
import type { DeadlineStore } from "../../ports/deadline-store.ts";
import type { RetentionStore, RetentionVerdict } from "../../ports/retention-store.ts";
import { attemptOutcomes, codeOfReason, states } from "../sql/codes.ts";
import { inPieces, piecesOf } from "./batches.ts";
import { argsOfCancel } from "./change-args.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import { listAll } from "./pages.ts";
import type { Runner, Verb } from "./runner.ts";
import { cancelOf } from "./task-rows.ts";
import { bytesOf, listOf, maybe, numberOf, textOf } from "./unpacked.ts";
import { itemsOf, wordOrRefusal } from "./verdicts.ts";

const life = (name: string): Verb => ({ room: "life", name });
const operation = (name: string, grows = false): Verb => ({ room: "operations", name, grows });

const ofRef = ({ ref }: { readonly ref: { readonly namespace: Namespace } }): Namespace => ref.namespace;
const ofItem = ({ namespace }: { readonly namespace: Namespace }): Namespace => namespace;

/** What operators do to tasks behind the backs of their producers. */
export const createAdminVerbs = (runner: Runner): AdminStore => ({
  edit: (edits) =>
    inPieces(piecesOf(edits, ofRef), async ({ namespace, items }) =>
      itemsOf(await runner.ofSpace(namespace, operation("edit", true), items.map(editArgs)), editVerdictOf),
    ),
  remove: (refs, now) =>
    inPieces(piecesOf(refs, ofItem), async ({ namespace, items }) =>
      itemsOf(
        await runner.ofSpace(namespace, operation("remove"), [items.map(({ id }) => id), now]),
        (word) => textOf(word) as RemoveVerdict,
      ),
    ),
  revoke: (asked, now) =>
    inPieces(piecesOf(asked, ofRef), async ({ namespace, items }) =>
      itemsOf(
        await runner.making(namespace, operation("revoke", true), [
          items.map(({ ref, until, cancel }) => [ref.id, until, argsOfCancel(cancel)]),
          now,
        ]),
        (word) => textOf(word) as RevokeVerdict,
      ),
    ),
  listRevocations: ({ namespace, after, limit, now }) =>
    listAll(
      after,
      limit,
      (place, count) => runner.ofSpace(namespace, operation("listRevocations"), [place, count, now]),
      (value) => revocationOf(namespace, value),
    ),
  withdrawRevocations: async (namespace, ids, now) =>
    itemsOf(await runner.ofSpace(namespace, operation("withdrawRevocations"), [ids, now]), (id) =>
      taskIdOf(textOf(id)),
    ),
  readAttempts: async ({ namespace, id }) =>
    itemsOf(await runner.ofSpace(namespace, life("readAttempts"), id), attemptOf),
  async noteReplays(notes) {
    await inPieces(piecesOf(notes, ofRef), async ({ namespace, items }) => {
      const args = items.map(({ ref, replay }) => [ref.id, replay.taskId, replay.at]);
      await runner.ofSpace(namespace, life("noteReplays"), args);
      return items;
    });
  },
  readReplays: (refs) =>
    inPieces(piecesOf(refs, ofItem), async ({ namespace, items }) =>
      itemsOf(
        await runner.ofSpace(
          namespace,
          life("readReplays"),
          items.map(({ id }) => id),
        ),
        (value) =>
          maybe(value, (replay) => {
            const [id, at] = listOf(replay);
            return { taskId: taskIdOf(textOf(id)), at: instantOf(numberOf(at)) };
          }),
      ),
    ),
});

function revocationOf(namespace: Namespace, value: Unpacked): Revocation {
  const [id, until, cancel = false] = listOf(value);
  return {
    ref: { namespace, id: taskIdOf(textOf(id)) },
    cancel: cancelOf(cancel),
    until: instantOf(numberOf(until)),
  };
}

const editArgs = ({ ref, revision, edited, now }: GuardedEdit): Packable => [
  ref.id,
  revision,
  states.code(edited.state),
  codeOfReason(edited.reason),
  edited.queue,
  edited.priority,
  edited.notBefore,
  edited.content,
  now,
];

const editVerdictOf = (value: Unpacked): EditVerdict => wordOrRefusal<"applied" | "conflict">(value);

function attemptOf(value: Unpacked): AttemptRecord {
  const [attempt, outcome, startedAt, endedAt, worker, failure] = listOf(value);
  return {
    attempt: numberOf(attempt),
    outcome: attemptOutcomes.word(numberOf(outcome)),
    startedAt: maybe(startedAt, (at) => instantOf(numberOf(at))),
    endedAt: instantOf(numberOf(endedAt)),
    worker: maybe(worker, textOf),
    failure: maybe(failure, bytesOf),
  };
}

/** What few tasks have: checkpoints, deadlines, and a bound on how many are kept. */
export const createSideVerbs = (runner: Runner): CheckpointStore & DeadlineStore & RetentionStore => ({
  saveCheckpoints: (saves) =>
    inPieces(piecesOf(saves, ofItem), async ({ namespace, items }) =>
      itemsOf(
        await runner.ofSpace(
          namespace,
          life("saveCheckpoints"),
          items.map(({ id, fence, data }) => [id, fence.epoch, fence.seq, data]),
        ),
        (word) => textOf(word) as CheckpointVerdict,
      ),
    ),
  async expireOverdue(now, limit) {
    let seen = 0;
    const expired: { namespace: Namespace; id: ReturnType<typeof taskIdOf> }[] = [];
    for (const namespace of await runner.names()) {
      if (seen >= limit) break;
      const [ids = false, count] = listOf(
        await runner.ofSpace(namespace, operation("expireOverdue"), [now, limit - seen]),
      );
      seen += numberOf(count);
      for (const id of listOf(ids)) expired.push({ namespace, id: taskIdOf(textOf(id)) });
    }
    return { expired, seen };
  },
  pruneOverfull: (now, limit) => sweep(runner, "pruneOverfull", now, limit),
  setRetention: async ({ namespace, id }, purgeAt) =>
    textOf(await runner.ofSpace(namespace, operation("setRetention"), [id, purgeAt])) as RetentionVerdict,
});

/** Asks one namespace after the other to remove what is over, up to so many in all; answers how many went. */
export async function sweep(runner: Runner, name: string, time: Instant, limit: number): Promise<number> {
  let gone = 0;
  for (const namespace of await runner.names()) {
    if (gone >= limit) break;
    gone += numberOf(await runner.ofSpace(namespace, operation(name), [time, limit - gone]));
  }
  return gone;
}
