import { type Refusal, refusalToRewrite } from "../../model/admission.ts";
import { quotaBytes } from "../../model/continuation.ts";
import { expiringFrom, waitingUntil } from "../../model/deadline.ts";
import type { Instant, Namespace } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { transition } from "../../model/task-machine.ts";
import {
  debouncedStart,
  decideConflict,
  type UniqueClaim,
  type UniqueWish,
  whileRecorded,
} from "../../model/unique.ts";
import type { UniqueVerdict } from "../../ports/task-store.ts";
import type { ClaimPage } from "../../ports/unique-store.ts";
import { writeChange } from "./apply.ts";
import { type Claim, type Entry, hashOf } from "./entry.ts";
import { keptLinks } from "./kept-link.ts";
import { queueRoom, spaceRoom } from "./rooms.ts";
import type { Space } from "./space.ts";
import { replaceHead, type State, spaceOf } from "./state.ts";

/** A task that claims a key. */
export type UniqueTask = NewTask & { readonly unique: UniqueWish };

/** Who has a key at a time; undefined while it is free. */
export function holderOf(space: Space | undefined, key: string, now: Instant): Claim | undefined {
  const claim = space?.claims.get(key);
  return claim !== undefined && isHeld(space, claim, now) ? claim : undefined;
}

/** What lasts as long as a record lasts no longer than that, but for the window in which one task comes. */
function isHeld(space: Space | undefined, { freeAt, keepUntil, holder }: Claim, now: Instant): boolean {
  if (freeAt !== whileRecorded) return freeAt === undefined || freeAt > now;
  return space?.tasks.get(holder.head.id) === holder || (keepUntil !== undefined && keepUntil > now);
}

/** A task that was stored takes a key that is free. */
export function takeKey(
  space: Space,
  entry: Entry,
  { key, keepUntil, startBy }: UniqueWish,
  now: Instant,
): void {
  const claim = { key, holder: entry, claimedAt: now, keepUntil, startBy, freeAt: undefined, duplicates: 0 };
  entry.claim = claim;
  space.claims.set(key, claim);
}

/** Why a newcomer may not be written over the task that waits under its key; undefined: it may, or something else becomes of it. */
export function refusalToDebounce(state: State, task: UniqueTask, { holder }: Claim): Refusal | undefined {
  if (decideConflict(holder.head, task) !== "update") return undefined;
  const moreBytes = quotaBytes(task) - holder.countedBytes;
  return refusalToRewrite(
    spaceRoom(state, spaceOf(state, task.namespace)),
    queueRoom(holder.queue),
    moreBytes,
  );
}

/** What becomes of a newcomer whose key is claimed; undefined: it is to be stored in the place of the one that waits. */
export function meetHolder(
  state: State,
  task: UniqueTask,
  claim: Claim,
  now: Instant,
): UniqueVerdict | undefined {
  const { holder } = claim;
  const conflict = decideConflict(holder.head, task);
  if (conflict === "replace") return undefined;
  claim.duplicates += 1;
  if (conflict === "update") debounce(state, task, claim, now);
  return { unique: conflict === "update" ? "updated" : conflict, holder: holder.head.id };
}

/** Ends a task that waits because another takes its place. */
export function replaceHolder(state: State, claim: Claim, now: Instant): UniqueVerdict {
  const { holder } = claim;
  claim.duplicates += 1;
  const change = transition(holder.head, { kind: "replace" }, now);
  if (change) writeChange(state, holder, { change, now, isSettled: false });
  return { unique: "replaced", holder: holder.head.id };
}

/** What the newcomer says holds from now on, and the start is put off; one that is due already starts as it would have. */
function debounce(state: State, task: NewTask, { holder, startBy }: Claim, now: Instant): void {
  const { head } = holder;
  const start = debouncedStart(task.notBefore ?? now, startBy, now);
  const policy = expiringFrom(now, { policy: task.policy, createdAt: head.createdAt });
  // What makes a repeat of the first submission a duplicate is what was submitted then.
  holder.contentHash = hashOf(holder);
  holder.content = new Uint8Array(task.content);
  Object.assign(holder, keptLinks(task));
  if (head.state === "scheduled") holder.priority = task.priority;
  replaceHead(state, holder, {
    ...head,
    policy,
    revision: head.revision + 1,
    ...(head.state === "scheduled" && { priority: task.priority, notBefore: start }),
  });
  const waitUntil = waitingUntil(holder.head, head.state === "ready" ? "ready" : "scheduled", now);
  if (waitUntil === undefined) state.waitUntil.delete(holder);
  else state.waitUntil.set(holder, waitUntil);
  state.log.note(holder.head, "updated", now);
}

/** The claim of a key; undefined while it is free. */
export function getClaim(
  state: State,
  namespace: Namespace,
  key: string,
  now: Instant,
): UniqueClaim | undefined {
  const claim = holderOf(state.spaces.get(namespace), key, now);
  return claim && shown(claim);
}

/** Claims of a namespace that are not free, by key. */
export function listClaims(
  state: State,
  { namespace, after, limit, now }: ClaimPage,
): readonly UniqueClaim[] {
  const space = state.spaces.get(namespace);
  const keys = [...(space?.claims.keys() ?? [])].filter((key) => after === undefined || key > after).sort();
  return keys
    .flatMap((key) => holderOf(space, key, now) ?? [])
    .slice(0, limit)
    .map(shown);
}

/** Forgets claims that are free and whose tasks' retention is over. */
export function pruneClaims(state: State, now: Instant, limit: number): number {
  let gone = 0;
  for (const space of state.spaces.values()) {
    const { claims, tasks } = space;
    for (const claim of claims.values()) {
      if (gone >= limit) return gone;
      if (isHeld(space, claim, now) || tasks.get(claim.holder.head.id) === claim.holder) continue;
      claims.delete(claim.key);
      gone += 1;
    }
  }
  return gone;
}

const shown = ({ key, holder, claimedAt, freeAt, duplicates }: Claim): UniqueClaim => ({
  key,
  taskId: holder.head.id,
  claimedAt,
  freeAt: freeAt === whileRecorded ? undefined : freeAt,
  duplicates,
});
