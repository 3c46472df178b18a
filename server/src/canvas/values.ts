/** What the members of a barrier left, put together in the order of their indexes. */

import type { Cause } from "../model/canvas.ts";
import { unmadeOf } from "../model/canvas-records.ts";
import type { NodeValue } from "../model/canvas-value.ts";
import type { BarrierRef, Namespace, TaskId } from "../model/ids.ts";
import type { CanvasReader, MemberOutcome } from "../ports/canvas-reader.ts";

/** How much of it is read. */
export type ValueBounds = { readonly itemsMax: number; readonly bytesMax: number };

type Readings = Pick<CanvasReader, "readBarriers" | "readMembers">;

/** As many members are read with one call. */
const pageSize = 1000;

/** What a barrier leaves; undefined: it is beyond the bounds, or not there. */
export async function readValue(
  store: Readings,
  ref: BarrierRef,
  { itemsMax, bytesMax }: ValueBounds,
): Promise<NodeValue | undefined> {
  let [items, bytes] = [itemsMax, bytesMax];
  function spend(value: NodeValue): boolean {
    items -= 1;
    bytes -= bytesOf(value);
    return items >= 0 && bytes >= 0;
  }
  return read({ store, spend, bytesMax }, ref);
}

type Reading = {
  readonly store: Readings;
  /** False: that is one too many. */
  readonly spend: (value: NodeValue) => boolean;
  readonly bytesMax: number;
};

async function read(reading: Reading, ref: BarrierRef): Promise<NodeValue | undefined> {
  const { store, spend, bytesMax } = reading;
  const [barrier] = await store.readBarriers([ref]);
  if (barrier === undefined) return undefined;
  const items: NodeValue[] = [];
  let after: number | undefined;
  for (;;) {
    const page = await store.readMembers({ ref, after, limit: pageSize, bytesMax });
    for (const member of page) {
      const value = await memberValue(reading, member, ref.namespace);
      if (value === undefined || !spend(value)) return undefined;
      items.push(value);
    }
    after = page.at(-1)?.index;
    if (after === undefined) break;
  }
  return barrier.shape === "list"
    ? { kind: "list", items }
    : (items[0] ?? { kind: "result", data: undefined });
}

async function memberValue(
  reading: Reading,
  member: MemberOutcome,
  namespace: Namespace,
): Promise<NodeValue | undefined> {
  const { source, state, result } = member;
  if (state !== "succeeded")
    return { kind: "failure", cause: await causeOf(reading.store, member, namespace) };
  return source.kind === "task"
    ? { kind: "result", data: result }
    : read(reading, { namespace, id: source.id });
}

async function causeOf(store: Readings, member: MemberOutcome, namespace: Namespace): Promise<Cause> {
  const { source, state, reason, attempt, failure, name } = member;
  if (source.kind === "task") return causeOfTask({ state, reason, task: source.id, name, attempt, failure });
  const [barrier] = await store.readBarriers([{ namespace, id: source.id }]);
  return (
    barrier?.cause ?? { state, reason, task: undefined, name: undefined, attempt: 0, failure: undefined }
  );
}

/** Why a task did not succeed, as it is with its barrier: of one that was not made, or was cancelled in vain, its record does not say it. */
export function causeOfTask(cause: Cause & { readonly task: TaskId }): Cause {
  const unmade = unmadeOf(cause.task);
  if (unmade !== undefined) return { ...cause, task: unmade, reason: "not_made" };
  return cause.state === "cancelled" ? { ...cause, reason: cause.reason ?? "cancel_requested" } : cause;
}

const bytesOf = (value: NodeValue): number =>
  value.kind === "result"
    ? (value.data?.length ?? 0)
    : value.kind === "failure"
      ? (value.cause.failure?.length ?? 0)
      : 0;
