import { type Broadcasts, createBroadcasts } from "./broadcasts.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import type { SaveCheckpoints } from "./checkpoints.ts";
import { createClaim } from "./claim.ts";
import { type Definitions, openDefinitions } from "./definitions.ts";
import { createDispatch, type Dispatch } from "./dispatch.ts";
import { createEnqueueing, type Enqueueing } from "./enqueue.ts";
import { createExtending, type Extending } from "./extend.ts";
import { createOperators, type Operators } from "./operators.ts";
import { createQueueHints, type QueueHints } from "./queue-hints.ts";
import { createReporting, type Reporting } from "./reporting.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { createSettling, type Settling } from "./settle.ts";
import { createTenancy, type Tenancy } from "./tenancy.ts";
import { openTokenKeys, type TokenKeys } from "./token-keys.ts";
import { createUnaryLeasing, type LeaseUnary } from "./unary-lease.ts";

/** What a broker is made of: one part a verb. */
export type Parts = Tenancy & {
  readonly keys: TokenKeys;
  readonly dispatch: Dispatch;
  readonly queueHints: QueueHints;
  readonly settling: Settling;
  readonly extending: Extending;
  readonly saveCheckpoints: SaveCheckpoints;
  readonly sessions: Sessions;
  readonly broadcasts: Broadcasts;
  readonly enqueueing: Enqueueing;
  readonly leaseUnary: LeaseUnary;
  readonly writeOutput: Reporting["writeOutput"];
  readonly operators: Operators;
  readonly definitions: Definitions;
  /** Opens any token of a namespace; for one batch. */
  readonly openAny: Sessions["openAny"];
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
  const reporting = createReporting(deps);
  const sessions = createSessions({ ...deps, ...reporting, keys, dispatch, settling, extending });
  const enqueueing = createEnqueueing({
    ...deps,
    dispatch,
    news,
    definitions,
    fanOut: (namespace, tasks) => broadcasts.fanOut(namespace, tasks),
  });
  const operators = createOperators({ ...deps, sessions, enqueueing, dispatch, news });
  const tenancy = createTenancy({ ...deps, sessions, definitions });
  const broadcasts = createBroadcasts({ ...deps, sessions, enqueueing, admit: tenancy.admit });
  return {
    keys,
    dispatch,
    queueHints: news,
    settling,
    extending,
    saveCheckpoints: reporting.saveCheckpoints,
    sessions,
    broadcasts,
    enqueueing,
    writeOutput: reporting.writeOutput,
    leaseUnary: createUnaryLeasing({ ...deps, dispatch, keys }),
    operators,
    definitions,
    ...tenancy,
    openAny: sessions.openAny,
  };
}
