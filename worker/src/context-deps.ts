import { createClient, type Transport } from "@connectrpc/connect";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import type { StemClient } from "@stem/sdk";
import { type Clock, isPayloadWithin, placeFromProto } from "@stem/sdk/internal";
import { gateFor } from "./client-gate.ts";
import type { ContextDeps } from "./context.ts";
import type { Deadlines } from "./deadlines.ts";
import { type EventHub, factsOf } from "./events.ts";
import { createOutputCalls } from "./output-calls.ts";
import { extendLease } from "./stream/extend-lease.ts";
import type { Streams } from "./stream/streams.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What the contexts of handlers lean on. `streams` is asked for late: it is made after the slots that run the handlers. */
export type ContextParts = {
  readonly settings: WorkerSettings;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly client: () => StemClient;
  readonly events: EventHub;
  readonly streams: () => Streams;
};

/** Ties the contexts of handlers to their worker. */
export function createContextDeps(parts: ContextParts): ContextDeps {
  const { settings, clock, deadlines, events, streams } = parts;
  const client = createClient(WorkerService, parts.transport);
  return {
    log: settings.log,
    enqueuer: parts.client,
    keepLog: settings.keepLog,
    ...createOutputCalls(parts),
    progress(lease, report) {
      const { outputBytesMax } = streams().session.terms;
      if (isPayloadWithin(report.data, outputBytesMax)) {
        if (outputBytesMax > 0) streams().output.add(lease, { case: "progress", value: report });
      } else {
        const facts = { taskId: lease.grant.taskId, outputBytesMax };
        settings.log.error(facts, "progress has more data than this server takes, and is not sent");
      }
      const { percent, message } = report;
      if (events.hearsTasks) events.emit("task-progress", { task: factsOf(lease), percent, message });
    },
    checkpoint(lease, data) {
      const { checkpointBytesMax } = streams().session.terms;
      if (!isPayloadWithin(data, checkpointBytesMax)) {
        const facts = { taskId: lease.grant.taskId, checkpointBytesMax };
        settings.log.error(facts, "a checkpoint is larger than this server takes, and is not sent");
        return;
      }
      lease.checkpoint = data;
      streams().checkpoints.add(lease);
    },
    place: async ({ grant }) => {
      const { canvas, parentId, rootId } = await gateFor(parts.client()).handles.read(grant.taskId);
      const place = placeFromProto(canvas);
      return place && { ...place, parentId: parentId || undefined, rootId: rootId || grant.taskId };
    },
    heartbeat(lease) {
      if (events.hearsTasks) events.emit("task-heartbeat", { task: factsOf(lease) });
      const confirmed = streams().confirmations.next();
      streams().link.beat();
      return confirmed;
    },
    extend: (lease, ms) =>
      extendLease(lease, ms, {
        client,
        clock,
        namespace: settings.namespace,
        onLost: (verdicts) => streams().session.lost(verdicts),
        watch: (time) => deadlines.watch(time),
      }),
  };
}
