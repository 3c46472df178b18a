/** A worker's greeting. */

import { type Hello, HelloSchema } from "@stem/proto/stem/v1/worker_service_pb";
import type { SessionHello } from "../../broker/broker.ts";
import { type Namespace, queueNameOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { NamespaceOf } from "./namespace.ts";
import { workerProtocol } from "./server-info.ts";
import { type DefinitionReaderOptions, readDefinitions } from "./task-definition.ts";
import { violationsOf } from "./violations.ts";
import { subscriptionsOf, traitsOf } from "./worker.ts";

const heldLeaseBytesMax = 512;

/** The protocol that both sides speak. Throws PROTOCOL_UNSUPPORTED where there is none. */
export function agreedProtocol({ protocolMin, protocolMax }: Hello): number {
  const { min, max } = workerProtocol;
  if (protocolMin > protocolMax) throw fieldInvalid("hello.protocol_max", "must not be below protocol_min");
  if (protocolMin > max || protocolMax < min)
    throw new StemProblem({ reason: "PROTOCOL_UNSUPPORTED", protocolMin: min, protocolMax: max });
  return Math.min(protocolMax, max);
}

/** The namespaces that exist, and the bounds and defaults in force. */
export type HelloReaderOptions = DefinitionReaderOptions & { readonly namespaces: NamespaceOf };

/** What the broker is to know of a worker. Throws what is wrong with its greeting. */
export function readHello(hello: Hello, options: HelloReaderOptions): SessionHello {
  const { namespaces, limits } = options;
  checkCounts(hello, limits);
  // The leases, up to 10,000 of them, are checked above: one by one they would take the general check a while. Definitions have a check of their own.
  const violations = violationsOf(HelloSchema, { ...hello, heldLeases: [], definitions: [] }, "hello.");
  if (violations.length > 0) throw new StemProblem({ reason: "FIELD_INVALID", violations });
  const namespace: Namespace = namespaces(hello.namespace, "ending");
  const { worker, sessionId, heldLeases, seenSeq } = hello;
  if (sessionId.length === 0 && heldLeases.length > 0)
    throw fieldInvalid("hello.held_leases", "must be empty where no session_id says whose they are");
  return {
    namespace,
    worker,
    subscriptions: subscriptionsOf(hello.queues),
    traits: traitsOf(hello),
    paused: hello.pausedQueues.map(queueNameOf),
    definitions: readDefinitions(hello.definitions, options),
    resume: sessionId.length > 0 ? { sessionId, held: heldLeases, seenSeq: Number(seenSeq) } : undefined,
  };
}

function checkCounts({ heldLeases, queues }: Hello, { heldLeasesMax, sessionQueuesMax }: Limits): void {
  if (heldLeases.length > heldLeasesMax)
    throw new StemProblem({
      reason: "BATCH_TOO_LARGE",
      field: "hello.held_leases",
      items: heldLeases.length,
      itemsMax: heldLeasesMax,
    });
  if (queues.length > sessionQueuesMax)
    throw fieldInvalid("hello.queues", `must have 1 to ${sessionQueuesMax} items`);
  const tooLong = heldLeases.findIndex((token) => token.length > heldLeaseBytesMax);
  if (tooLong >= 0)
    throw fieldInvalid(`hello.held_leases[${tooLong}]`, `must have at most ${heldLeaseBytesMax} bytes`);
}
