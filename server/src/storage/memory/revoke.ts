import type { Instant, Namespace, TaskId, TaskRef } from "../../model/ids.ts";
import { transition } from "../../model/task-machine.ts";
import type { Revocation, RevocationPage, RevokeVerdict } from "../../ports/admin-store.ts";
import { writeChange } from "./apply.ts";
import { type State, spaceOf } from "./state.ts";

/** Notes ids that are to be cancelled when they come. */
export const revoke = (state: State, asked: readonly Revocation[], now: Instant): readonly RevokeVerdict[] =>
  asked.map((each) => revokeOne(state, each, now));

function revokeOne(state: State, revocation: Revocation, now: Instant): RevokeVerdict {
  const { namespace, id } = revocation.ref;
  const { tasks, tombstones, revocations } = spaceOf(state, namespace);
  if (tasks.has(id)) return "known";
  if (tombstones.has(id)) return "gone";
  if (!revocations.has(id) && revocations.size >= state.limits.revocationsMax) {
    pruneRevocations(state, now);
    if (revocations.size >= state.limits.revocationsMax) return "limit";
  }
  revocations.set(id, revocation);
  return "noted";
}

/** Entries of a namespace whose time is not over, by id. */
export const listRevocations = (
  state: State,
  { namespace, after, limit, now }: RevocationPage,
): readonly Revocation[] =>
  [...spaceOf(state, namespace).revocations.values()]
    .filter(({ ref, until }) => until > now && (after === undefined || ref.id > after))
    .sort((a, b) => (a.ref.id < b.ref.id ? -1 : 1))
    .slice(0, limit);

/** Takes entries back. */
export function withdrawRevocations(
  state: State,
  namespace: Namespace,
  ids: readonly TaskId[],
  now: Instant,
): readonly TaskId[] {
  const { revocations } = spaceOf(state, namespace);
  return ids.filter((id) => {
    const until = revocations.get(id)?.until;
    return revocations.delete(id) && until !== undefined && until > now;
  });
}

/** Cancels a task that has just been accepted, where its id was revoked before it came. */
export function cancelIfRevoked(state: State, { namespace, id }: TaskRef, now: Instant): void {
  const { tasks, revocations } = spaceOf(state, namespace);
  const [revocation, entry] = [revocations.get(id), tasks.get(id)];
  if (revocation === undefined || entry === undefined) return;
  revocations.delete(id);
  if (revocation.until <= now) return;
  const change = transition(entry.head, { kind: "cancel", cancel: revocation.cancel }, now);
  if (change) writeChange(state, entry, { change, now, isSettled: false });
}

/** Forgets those whose time is over. */
export function pruneRevocations(state: State, now: Instant): void {
  for (const { revocations } of state.spaces.values())
    for (const [id, { until }] of revocations) if (until <= now) revocations.delete(id);
}
