import { createClient, type Transport } from "@connectrpc/connect";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import type { Clock } from "@stem/sdk/internal";
import { Autoscaler } from "./autoscale.ts";
import type { Slots } from "./slots.ts";
import { readBacklog } from "./stream/backlog.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What an autoscaler works on. */
export type AutoscalingParts = {
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly slots: Slots;
  readonly onResized: () => void;
};

/** The autoscaler of a worker that has one, and its slots as many as there may be. */
export function createAutoscaler(parts: AutoscalingParts): Autoscaler | undefined {
  const { settings, clock, transport, slots, onResized } = parts;
  const { autoscale: rule, namespace, log } = settings;
  if (rule === undefined) return undefined;
  const client = createClient(QueueService, transport);
  const queues = settings.queues.map(({ name }) => name);
  slots.resize(rule.max);
  return new Autoscaler({
    ...{ rule, clock, log },
    backlog: async () => slots.waiting + (await readBacklog({ client, namespace, queues })),
    running: () => slots.running.size,
    resize(count) {
      slots.resize(count);
      onResized();
    },
  });
}
