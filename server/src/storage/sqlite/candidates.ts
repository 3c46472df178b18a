import type { QueueName } from "../../model/ids.ts";
import { dealTurns, type QueueShare, type QueueTier } from "../../model/queue-tier.ts";
import type { ClaimRequest } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { query } from "./files/connection.ts";
import { type Before, createPick, type Picked } from "./pick.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Writing } from "./writing.ts";

/** A ready task as its index has it: what its order needs, and how large its content is. */
type Candidate = readonly [seq: number, priority: number, contentBytes: number];
/** The first `limit` ready tasks of a queue, in order. */
type FirstReady = (queue: QueueEntry, limit: number) => readonly Candidate[];
/** What was read of a queue so far. */
type Lane = { readonly queue: QueueEntry; readonly asked: number; readonly found: readonly Candidate[] };

/** Makes the choice of a claim: the numbers of the tasks it takes, in order. */
export function createCandidates(writing: Writing): (want: ClaimRequest, before: Before) => Picked {
  const { db, queues, gates } = writing;
  const pick = createPick(writing);
  const select = query<[number, number, number]>(
    db,
    `SELECT seq, priority, content_bytes FROM tasks INDEXED BY tasks_ready WHERE queue = ? AND state = ${stateCode.ready} AND tied IS NULL
     ORDER BY priority DESC, seq LIMIT ?`,
  );
  const firstReady: FirstReady = (queue, limit) => select.all(queue.id, limit);

  /** The queues that hand out and have something to. The counts spare us to look into thousands of empty ones. */
  function openQueues({ namespace }: ClaimRequest, names: readonly QueueName[]): QueueEntry[] {
    const record = queues.spaces.find(namespace)?.record;
    if (record !== undefined && record.state !== "active") return [];
    const found = [...new Set(names)].flatMap((name) => queues.find(namespace, name) ?? []);
    return found.filter((queue) => handsOut(queue) && (queue.depth[stateCode.ready] ?? 0) > 0);
  }

  /** Tier by tier: a later one is looked into only for what is left. */
  function inTiers(want: ClaimRequest, tiers: readonly QueueTier[]): readonly Candidate[] {
    const chosen: Candidate[] = [];
    for (const tier of tiers) {
      const limit = want.limit - chosen.length;
      if (limit <= 0) break;
      if (tier.kind === "merged") chosen.push(...bestOf(openQueues(want, tier.queues), limit, firstReady));
      else chosen.push(...shared(want, tier.shares, limit));
    }
    return chosen;
  }

  /** The next tasks of weighted queues. A little is read of each, and more of those that turn out to have a greater share. */
  function shared(want: ClaimRequest, shares: readonly QueueShare[], limit: number): Candidate[] {
    const asked = Math.ceil(limit / shares.length);
    const open = openQueues(
      want,
      shares.map(({ queue }) => queue),
    );
    const readers = new Map(
      open.map((queue) => [queue.name, readOn({ queue, asked, found: firstReady(queue, asked) })]),
    );
    return dealTurns(shares, limit, (name) => readers.get(name)?.(limit));
  }

  /** Takes the tasks of a lane one by one, reading on where it was not read to its end. */
  function readOn(lane: Lane): (limit: number) => Candidate | undefined {
    let current = lane;
    let at = 0;
    return (limit) => {
      if (at === current.asked && at < limit) current = deeper(current, limit, firstReady);
      return current.found[at++];
    };
  }

  return (want, before) => {
    const { tiers, limit } = want;
    const open = openQueues(want, want.queues);
    if (gates.limits.size > 0 || open.some((queue) => queue.hasTied)) return pick(want, before, open);
    const best = tiers === undefined ? bestOf(open, limit, firstReady) : inTiers(want, tiers);
    return { seqs: upTo(want.contentBytesMax, best).map(([seq]) => seq), ties: none, held: 0 };
  };
}

const handsOut = ({ isPaused, life }: QueueEntry): boolean => !isPaused && life === "there";

const none: Picked["ties"] = [];

/** The tasks before their contents go beyond a size; the first in any case. */
function upTo(bytesMax: number, best: readonly Candidate[]): readonly Candidate[] {
  let bytes = 0;
  const tooMany = best.findIndex(([, , contentBytes], at) => {
    bytes += contentBytes;
    return at > 0 && bytes > bytesMax;
  });
  return tooMany < 0 ? best : best.slice(0, tooMany);
}

/**
 * The best `limit` tasks over all queues. A little is read of each queue, and more of those whose last task read is among the best:
 * behind it may be better ones than what others gave.
 */
function bestOf(queues: readonly QueueEntry[], limit: number, firstReady: FirstReady): readonly Candidate[] {
  const asked = Math.ceil(limit / queues.length);
  let lanes = queues.map((queue): Lane => ({ queue, asked, found: firstReady(queue, asked) }));
  for (;;) {
    const best = lanes
      .flatMap(({ found }) => found)
      .sort(byOrder)
      .slice(0, limit);
    const worst = best.length === limit ? best.at(-1) : undefined;
    const more = lanes.map((lane) =>
      mayHideBetter(lane, worst, limit) ? deeper(lane, limit, firstReady) : lane,
    );
    if (more.every((lane, i) => lane === lanes[i])) return best;
    lanes = more;
  }
}

function mayHideBetter({ asked, found }: Lane, worst: Candidate | undefined, limit: number): boolean {
  const last = found.at(-1);
  if (last === undefined || found.length < asked || asked >= limit) return false;
  return worst === undefined || byOrder(last, worst) < 0;
}

function deeper({ queue, asked }: Lane, limit: number, firstReady: FirstReady): Lane {
  const more = Math.min(limit, asked * 4);
  return { queue, asked: more, found: firstReady(queue, more) };
}

const byOrder = (a: Candidate, b: Candidate): number => b[1] - a[1] || a[0] - b[0];
