import type { Namespace } from "../model/ids.ts";
import { type Broadcasts, createBroadcasts } from "./broadcasts.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import { createCheckpointing } from "./checkpoints.ts";
import { createClaim } from "./claim.ts";
import { type Definitions, openDefinitions } from "./definitions.ts";
import { createDispatch, type Dispatch } from "./dispatch.ts";
import { createEnqueueing, type Enqueueing } from "./enqueue.ts";
import { createExtending, type Extending } from "./extend.ts";
import type { OpenToken } from "./open-token.ts";
import { createOperators, type Operators } from "./operators.ts";
import { createQueueHints, type QueueHints } from "./queue-hints.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { createSettling, type Settling } from "./settle.ts";
import { openTokenKeys, type TokenKeys } from "./token-keys.ts";
import { createUnaryLeasing, type LeaseUnary } from "./unary-lease.ts";

/** What a broker is made of: one part a verb. */
export type Parts = {
  readonly keys: TokenKeys;
  readonly dispatch: Dispatch;
  readonly queueHints: QueueHints;
  readonly settling: Settling;
  readonly extending: Extending;
  readonly sessions: Sessions;
  readonly broadcasts: Broadcasts;
  readonly enqueueing: Enqueueing;
  readonly leaseUnary: LeaseUnary;
  readonly operators: Operators;
  readonly definitions: Definitions;
  /** Opens any token of a namespace; for one batch. */
  readonly openAny: (namespace: Namespace) => OpenToken;
};

/** Makes the parts and shows them to each other. */
export async function createParts(deps: BrokerDeps): Promise<Parts> {
  const { clock, log } = deps;
  const keys = await openTokenKeys(deps, clock.now());
  const definitions = await openDefinitions(deps);
  const dispatch = createDispatch({
    ...createClaim({ ...deps, reject: (namespace, tasks) => settling.reject(namespace, tasks) }),
    giveBack: (namespace, tasks) => settling.release(namespace, tasks, true),
    log,
  });
  const news = createQueueHints(dispatch, (task) => sessions.neverArrived(task));
  deps.store.onGateNews(({ opened, wakeAt, dueAt }) => {
    for (const { queue, count } of opened) dispatch.ready(queue, count);
    if (wakeAt !== undefined) news.gatesWait(wakeAt);
    if (dueAt !== undefined) news.scheduled(dueAt);
  });
  const settling = createSettling({ ...deps, news });
  const extending = createExtending(deps);
  const sessions = createSessions({
    ...{ ...deps, keys, dispatch, settling, extending },
    saveCheckpoints: createCheckpointing(deps),
  });
  const enqueueing = createEnqueueing({
    ...deps,
    dispatch,
    news,
    definitions,
    fanOut: (namespace, tasks) => broadcasts.fanOut(namespace, tasks),
  });
  const broadcasts = createBroadcasts({ ...deps, sessions, enqueueing });
  return {
    keys,
    dispatch,
    queueHints: news,
    settling,
    extending,
    sessions,
    broadcasts,
    enqueueing,
    leaseUnary: createUnaryLeasing({ ...deps, dispatch, keys }),
    operators: createOperators({ ...deps, sessions, enqueueing, news }),
    definitions,
    openAny: sessions.openAny,
  };
}
