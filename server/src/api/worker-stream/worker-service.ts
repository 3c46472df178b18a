/** WorkerService: workers get tasks and say what became of them. Read on in stream.ts, or in unary-leases.ts. */

import type { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import type { Handlers } from "../call.ts";
import { createScratch } from "../convert/scratch.ts";
import { createSettlementReader } from "../convert/settlement.ts";
import { createHandshakes } from "./handshakes.ts";
import { createPlaces } from "./places.ts";
import { createWorkerStream, type WorkerStream } from "./stream.ts";
import type { StreamDeps } from "./stream-parts.ts";
import { createUnaryLeases } from "./unary-leases.ts";

/** What the service needs. `draining` aborts when the server drains: streams then grant nothing more, and say so. */
export type WorkerServiceDeps = Omit<StreamDeps, "readSettlement" | "encode">;

/** Makes the handlers of WorkerService. */
export function createWorkerService(deps: WorkerServiceDeps): Handlers<typeof WorkerService> {
  const { clock, limits, defaults, draining } = deps;
  const shared: StreamDeps = {
    ...deps,
    readSettlement: createSettlementReader(limits, defaults, clock.now),
    encode: createScratch(),
  };
  const streams = new Set<WorkerStream>();
  const handshakes = createHandshakes(clock, limits);
  const places = createPlaces(limits);
  const unary = createUnaryLeases(shared);

  draining.addEventListener("abort", () => {
    for (const stream of streams) stream.drain();
  });

  return {
    async *connect(requests, context) {
      const leave = places.take(context.caller);
      try {
        handshakes.admit();
        const stream = createWorkerStream(shared, context);
        streams.add(stream);
        try {
          yield* stream.frames(requests);
        } finally {
          streams.delete(stream);
        }
      } finally {
        leave();
      }
    },
    leaseTasks: (request, { signal }) => unary.lease(request, signal),
    settleTasks: (request) => unary.settle(request),
    extendLeases: (request) => unary.extend(request),
    saveCheckpoints: (request) => unary.saveCheckpoints(request),
  };
}
