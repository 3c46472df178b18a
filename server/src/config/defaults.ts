import { defaults as table } from "../model/limits.ts";
import { realNumber, type Section, textLike, wholeNumber } from "./setting.ts";

const hourMs = 3_600_000;
const decadeMs = 315_360_000_000;

/** What a task gets that does not say otherwise, and the pace of leases. */
export const defaults = {
  envPrefix: "STEM_DEFAULT_",
  settings: {
    queue: {
      kind: textLike(
        /^[A-Za-z0-9_][A-Za-z0-9_.:@/-]{0,254}$/,
        "a queue's name: 1 to 255 letters, digits and _.:@/-",
      ),
      default: table.queue as string,
      help: "Queue of tasks that name none.",
    },
    priority: number(0, 9, table.priority, "Priority, 9 first."),
    maxAttempts: number(1, 1000, table.maxAttempts, "How often a task is tried."),
    maxDeliveries: number(
      1,
      1000,
      table.maxDeliveries,
      "How often a task is handed out, lost leases included.",
    ),
    leaseMs: number(100, hourMs, table.leaseMs, "How long a worker holds a task without a heartbeat."),
    heartbeatMs: number(20, hourMs, table.heartbeatMs, "How often a worker heartbeats."),
    leaseGraceMs: number(
      0,
      hourMs,
      table.leaseGraceMs,
      "How long after a lease's end a task goes out again.",
    ),
    reapIntervalMs: number(10, 60_000, table.reapIntervalMs, "How often ended leases are looked for."),
    retryBaseMs: number(0, decadeMs, table.retryBaseMs, "Delay before the second attempt."),
    retryFactor: {
      kind: realNumber(1, 100),
      default: table.retryFactor as number,
      help: "Growth of the delay per attempt.",
    },
    retryMaxMs: number(0, decadeMs, table.retryMaxMs, "Upper bound of the delay."),
    retentionMs: number(0, decadeMs, table.retentionMs, "How long an ended task and its result are kept."),
    deadLetterRetentionMs: number(
      0,
      decadeMs,
      table.deadLetterRetentionMs,
      "How long a failed task is kept at least.",
    ),
  },
} as const satisfies Section;

function number(min: number, max: number, byDefault: number, help: string) {
  return { kind: wholeNumber(min, max), default: byDefault, help };
}
