import type { Namespace } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type {
  AcceptBatch,
  AcceptVerdict,
  ClaimRequest,
  ExtendRequest,
  GuardedChange,
  LeaseCheck,
  LeaseRef,
  SettleVerdict,
  StoreSettlement,
  TaskStore,
} from "../../ports/task-store.ts";
import { states } from "../sql/codes.ts";
import { inPieces, piecesOf } from "./batches.ts";
import { argsOfChange } from "./change-args.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import { isPlain, plainArgs } from "./plain-args.ts";
import type { Runner, Verb } from "./runner.ts";
import { argsOfTask } from "./task-args.ts";
import { claimedOf } from "./task-rows.ts";
import { listOf, maybe, numberOf, textOf } from "./unpacked.ts";
import { acceptVerdictOf, itemsOf, lostOf } from "./verdicts.ts";

const life = (name: string, grows = false): Verb => ({ room: "life", name, grows });
const verbs = {
  accept: life("accept", true),
  acceptPlain: life("acceptPlain", true),
  claim: life("claim"),
  extend: life("extend"),
  settle: life("settle"),
  apply: life("apply"),
};

type LifeOfTasks = Pick<TaskStore, "accept" | "claim" | "extend" | "settle" | "apply">;

/** The verbs of a task's life. */
export const createTaskVerbs = (runner: Runner): LifeOfTasks => ({
  accept: (batch) => accept(runner, batch),
  claim: async (want) => claimedOf(await runner.ofSpace(want.namespace, verbs.claim, claimArgs(want))),
  extend: (request) => extend(runner, request),
  settle: (settlements) =>
    inPieces(piecesOf(settlements, ofItem), async ({ namespace, items }) =>
      itemsOf(await runner.ofSpace(namespace, verbs.settle, settleArgs(namespace, items)), settleVerdictOf),
    ),
  apply: (changes) =>
    inPieces(
      piecesOf(changes, ({ ref }) => ref.namespace),
      async ({ namespace, items }) =>
        itemsOf(await runner.ofSpace(namespace, verbs.apply, items.map(applyArgs)), (holds) =>
          holds === true ? ("applied" as const) : ("conflict" as const),
        ),
    ),
});

const ofItem = ({ namespace }: { readonly namespace: Namespace }): Namespace => namespace;

/** A script does so many plain tasks in the time that it needs for half as many others. */
const plainItemsMax = 500;

/** An atomic batch is one script, whatever its size; in several namespaces, each is asked before any is given its part. */
async function accept(
  runner: Runner,
  { tasks, now, atomic }: AcceptBatch,
): Promise<readonly AcceptVerdict[]> {
  const ask = async (namespace: Namespace, items: readonly NewTask[], isJudged: boolean) => {
    const plain = isJudged ? undefined : plainArgs(items, now, atomic);
    const answer = plain
      ? await runner.making(namespace, verbs.acceptPlain, plain)
      : await runner.making(namespace, verbs.accept, [items.map(argsOfTask), now, atomic, isJudged]);
    return answer === true ? items.map(() => "accepted" as const) : itemsOf(answer, acceptVerdictOf);
  };
  const sizeMax = tasks.every(isPlain) ? plainItemsMax : undefined;
  const pieces = piecesOf(tasks, ofItem, { sizeMax: atomic ? Number.POSITIVE_INFINITY : sizeMax });
  if (atomic && pieces.length > 1) {
    const judged = await inPieces(pieces, ({ namespace, items }) => ask(namespace, items, true));
    if (judged.some(isInTheWay)) return judged;
  }
  return inPieces(pieces, ({ namespace, items }) => ask(namespace, items, false));
}

const isInTheWay = (verdict: AcceptVerdict): boolean =>
  verdict === "exists" ||
  (typeof verdict === "object" && ("refused" in verdict || verdict.unique === "taken"));

const claimArgs = (want: ClaimRequest): Packable => [
  want.queues,
  want.limit,
  want.labels ?? {},
  want.turnsMax,
  want.contentBytesMax,
  want.now,
  want.leaseMs,
  want.graceMs,
  want.worker,
  want.tiers?.map((tier) =>
    tier.kind === "merged"
      ? ["merged", tier.queues]
      : ["weighted", tier.shares.map(({ queue, weight, taken }) => [queue, weight, taken])],
  ),
];

const leaseArgs = ({ id, fence }: LeaseRef): Packable => [id, fence.epoch, fence.seq];

function extend(runner: Runner, request: ExtendRequest): Promise<readonly LeaseCheck[]> {
  const { now, leaseMs, defaultLeaseMs, graceMs } = request;
  return inPieces(piecesOf(request.leases, ofItem), async ({ namespace, items }) =>
    itemsOf(
      await runner.ofSpace(namespace, verbs.extend, [
        items.map(leaseArgs),
        now,
        leaseMs,
        defaultLeaseMs,
        graceMs,
      ]),
      leaseCheckOf,
    ),
  );
}

function leaseCheckOf(value: Unpacked): LeaseCheck {
  const [first = false, second = false] = listOf(value);
  if (first !== true) return { held: false, ...lostOf([first, second]) };
  return {
    held: true,
    cancel: maybe(second, (message) => {
      const [reason, requester] = listOf(message);
      return { reason: textOf(reason), requester: maybe(requester, textOf) };
    }),
  };
}

/** Neighbours mostly end alike: what is the same object as before crosses once. */
function settleArgs(namespace: Namespace, settlements: readonly StoreSettlement[]): Packable {
  const numbers = new Map<object, number>();
  const changes: Packable[] = [];
  const numberFor = (change: StoreSettlement["decision"]["outcome"]): number => {
    const known = numbers.get(change);
    if (known !== undefined) return known;
    const number = changes.push(argsOfChange(change, namespace));
    numbers.set(change, number);
    return number;
  };
  const items: Packable[] = [];
  for (const { id, fence, decision, outcomeHash, now } of settlements) {
    const { outcome, ifCancelRequested } = decision;
    items.push(
      id,
      fence.epoch,
      fence.seq,
      numberFor(outcome),
      numberFor(ifCancelRequested),
      outcomeHash,
      now,
    );
  }
  return [changes, items];
}

/** The state where it was applied, else what became of it. */
function settleVerdictOf(value: Unpacked): SettleVerdict {
  if (typeof value === "number") return { kind: "applied", state: states.word(value) };
  const [kind, ...rest] = listOf(value);
  const word = textOf(kind) as SettleVerdict["kind"];
  if (word === "lost") return { kind: word, ...lostOf(rest) };
  return { kind: word, state: states.word(numberOf(rest[0])) };
}

const applyArgs = ({ ref, revision, leaseUntilBefore, now, change }: GuardedChange): Packable => [
  ref.id,
  revision,
  leaseUntilBefore,
  now,
  argsOfChange(change, ref.namespace),
];
