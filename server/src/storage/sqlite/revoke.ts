import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { transition } from "../../model/task-machine.ts";
import type { Revocation, RevokeVerdict } from "../../ports/admin-store.ts";
import { createApply } from "./apply.ts";
import { createFind, createFindHash } from "./find.ts";
import { createReadHeads } from "./read.ts";
import type { Writing } from "./writing.ts";

/** Makes revoke: notes ids that are to be cancelled when they come. */
export function createRevoke(
  writing: Writing,
): (asked: readonly Revocation[], now: Instant) => readonly RevokeVerdict[] {
  const { queues, limits, revocations } = writing;
  const find = createFind(writing);
  const findHash = createFindHash(writing);

  function revokeOne(revocation: Revocation, now: Instant): RevokeVerdict {
    const { namespace, id } = revocation.ref;
    if (find(revocation.ref) !== undefined) return "known";
    if (findHash(revocation.ref) !== undefined) return "gone";
    const isFull = () => revocations.count(namespace) >= limits.revocationsMax;
    if (!revocations.has(namespace, id) && isFull()) {
      revocations.prune(now);
      if (isFull()) return "limit";
    }
    revocations.put(queues.makeNamespace(namespace), revocation);
    return "noted";
  }

  return (asked, now) => asked.map((each) => revokeOne(each, now));
}

/** Makes the end of tasks that were accepted in the running transaction, and whose ids were revoked before they came. */
export function createCancelRevoked(writing: Writing): (accepted: readonly NewTask[], now: Instant) => void {
  const { db, revocations } = writing;
  const readHeads = createReadHeads(db);
  const apply = createApply(writing);
  return (accepted, now) => {
    for (const { namespace, id } of accepted) {
      if (!revocations.has(namespace, id)) continue;
      const [head] = readHeads([{ namespace, id }]);
      const revocation = head && revocations.take(namespace, id, now);
      if (!revocation) continue;
      const change = transition(head, { kind: "cancel", cancel: revocation.cancel }, now);
      if (change) apply([{ ref: head, revision: head.revision, leaseUntilBefore: undefined, change, now }]);
    }
  };
}
