import type { Namespace } from "../model/ids.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import { createClaim } from "./claim.ts";
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
  readonly enqueueing: Enqueueing;
  readonly leaseUnary: LeaseUnary;
  readonly operators: Operators;
  /** Opens any token of a namespace; for one batch. */
  readonly openAny: (namespace: Namespace) => OpenToken;
};

/** Makes the parts and shows them to each other. */
export async function createParts(deps: BrokerDeps): Promise<Parts> {
  const { clock, log } = deps;
  const keys = await openTokenKeys(deps, clock.now());
  const dispatch = createDispatch({
    ...createClaim(deps),
    giveBack: (namespace, tasks) => settling.release(namespace, tasks),
    log,
  });
  const news = createQueueHints(dispatch);
  const settling = createSettling({ ...deps, news });
  const extending = createExtending(deps);
  const sessions = createSessions({ ...deps, keys, dispatch, settling, extending });
  const enqueueing = createEnqueueing({ ...deps, dispatch, news });
  return {
    keys,
    dispatch,
    queueHints: news,
    settling,
    extending,
    sessions,
    enqueueing,
    leaseUnary: createUnaryLeasing({ ...deps, dispatch, keys }),
    operators: createOperators({ ...deps, sessions, enqueueing, news }),
    openAny: sessions.openAny,
  };
}
