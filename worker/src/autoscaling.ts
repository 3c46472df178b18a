import type { Clock } from "@stem/sdk/internal";
import { Autoscaler } from "./autoscale.ts";
import type { Slots } from "./slots.ts";
import type { Streams } from "./stream/streams.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What an autoscaler works on. */
export type AutoscalingParts = {
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly slots: Slots;
  readonly streams: () => Pick<Streams, "link" | "confirmations">;
};

/** The autoscaler of a worker that has one, and its slots as many as there may be. */
export function createAutoscaler({
  settings,
  clock,
  slots,
  streams,
}: AutoscalingParts): Autoscaler | undefined {
  const { autoscale: rule, log } = settings;
  if (rule === undefined) return undefined;
  slots.resize(rule.max);
  return new Autoscaler({
    ...{ rule, clock, log },
    async backlog() {
      const { link, confirmations } = streams();
      const ready = confirmations.backlog();
      link.beat();
      return slots.waiting + (await ready);
    },
    running: () => slots.running.size,
    resize(count) {
      slots.resize(count);
      streams().link.wake();
    },
  });
}
