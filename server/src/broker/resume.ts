import type { Bytes } from "../model/ids.ts";
import type { LeaseCheck, TaskStore } from "../ports/task-store.ts";
import { type Extending, verdictOf } from "./extend.ts";
import { type LeaseVerdict, unopened } from "./lease.ts";
import { type FaultOfToken, type OpenedToken, openOwn } from "./open-token.ts";
import type { SessionState, StreamControl } from "./session-state.ts";
import type { Settling } from "./settle.ts";

/** What taking a session up needs. */
export type ResumingDeps = {
  readonly store: Pick<TaskStore, "readHeads">;
  readonly extending: Extending;
  readonly settling: Settling;
};

/** The leases that a greeting lists, and what is wrong with tokens that are not the session's. */
export type HeldList = { readonly held: readonly Bytes[]; readonly faultOf: FaultOfToken };

/** Goes through the leases that a greeting lists; a verdict each, in its order. */
export type TakeUp = (
  state: SessionState,
  stream: Pick<StreamControl, "tellCancel">,
  list: HeldList,
) => Promise<readonly LeaseVerdict[]>;

/** A listed token that is genuine. */
type Listed = OpenedToken & { readonly index: number };

/** Makes what takes a session up: keeps the leases that the worker lists, gives back at once those that it does not. */
export function createResuming({ store, extending, settling }: ResumingDeps): TakeUp {
  return async (state, stream, list) => {
    const listed = listedOf(state, list.held);
    state.lost.length = 0;
    const [checks] = await Promise.all([
      extending.check(
        state.namespace,
        listed.map(({ name }) => name),
      ),
      giveUnlistedBack(state, listed),
    ]);
    await adoptStrangers(
      state,
      listed.filter((_, at) => checks[at]?.held === true),
    );
    return judge(state, stream, { ...list, listed, checks });
  };

  async function giveUnlistedBack(state: SessionState, listed: readonly Listed[]): Promise<void> {
    const { book } = state;
    const kept = new Set(listed.map(({ name }) => book.find(name.id, name.fence)));
    // What is being settled was heard of, listed or not.
    const unlisted = book.upTo(book.lastSeq).filter((lease) => !kept.has(lease) && !lease.isSettling);
    for (const lease of unlisted) book.drop(lease);
    await settling.release(state.namespace, unlisted, true);
  }

  /** Enters leases from before a restart: without them a heartbeat would not extend what the worker holds. */
  async function adoptStrangers(state: SessionState, held: readonly Listed[]): Promise<void> {
    const { namespace, book } = state;
    const strangers = held.filter(({ name }) => book.find(name.id, name.fence) === undefined);
    if (strangers.length === 0) return;
    const heads = await store.readHeads(strangers.map(({ name }) => ({ namespace, id: name.id })));
    for (const [at, { name, seal }] of strangers.entries()) {
      const head = heads[at];
      if (head !== undefined) book.adopt({ ...head, fence: name.fence }, seal);
    }
  }
}

function listedOf(state: SessionState, held: readonly Bytes[]): Listed[] {
  const open = openOwn(state);
  return held.flatMap((token, index) => {
    const opened = open(token);
    return opened === undefined ? [] : [{ ...opened, index }];
  });
}

function judge(
  { book }: SessionState,
  stream: Pick<StreamControl, "tellCancel">,
  asked: HeldList & {
    readonly listed: readonly Listed[];
    readonly checks: readonly LeaseCheck[];
  },
): readonly LeaseVerdict[] {
  const isListed = new Set(asked.listed.map(({ index }) => index));
  const verdicts = asked.held.map((token, index) =>
    unopened(token, isListed.has(index) ? "token_invalid" : asked.faultOf(token)),
  );
  for (const [at, { name, index }] of asked.listed.entries()) {
    const check = asked.checks[at];
    const token = asked.held[index];
    if (check === undefined || token === undefined) throw new Error("a listed lease was left unchecked");
    verdicts[index] = verdictOf(token, check);
    const lease = book.find(name.id, name.fence);
    if (lease === undefined) continue;
    // What the last stream was told may never have arrived.
    lease.wasToldToCancel = false;
    if (!check.held) book.drop(lease);
    else if (check.cancel !== undefined) stream.tellCancel(lease, check.cancel);
  }
  return verdicts;
}
