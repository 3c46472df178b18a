import type { Progress } from "@stem/proto/stem/v1/task_pb";
import type { Clock } from "@stem/sdk/internal";
import type { HeldLease } from "../lease.ts";
import type { Frame } from "./frame-log.ts";

// Ten frames a second of at most a hundred reports stay within what the server passes on.
const intervalMs = 100;
const itemsMax = 100;

/** What handlers report of how far they have come: the latest of each attempt, sent at most ten times a second. */
export class ProgressReports {
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #latest = new Map<HeldLease, Progress>();
  #nextAt = Number.NEGATIVE_INFINITY;
  #waiting = false;

  constructor(clock: Clock, onReady: () => void) {
    this.#clock = clock;
    this.#onReady = onReady;
  }

  /** Takes a report in; an older one of the same attempt that was not sent is forgotten. */
  add(lease: HeldLease, progress: Progress): void {
    this.#latest.set(lease, progress);
    this.#ready();
  }

  /** The next frame, if it is time for one. */
  take(): Frame | undefined {
    const now = this.#clock.now();
    if (this.#latest.size === 0 || now < this.#nextAt) return undefined;
    const reports = [...this.#latest].slice(0, itemsMax);
    for (const [lease] of reports) this.#latest.delete(lease);
    this.#nextAt = now + intervalMs;
    if (this.#latest.size > 0) this.#ready();
    const progress = reports
      .filter(([lease]) => lease.phase === "running")
      .map(([lease, report]) => ({
        $typeName: "stem.v1.TaskProgress" as const,
        leaseToken: lease.grant.leaseToken,
        progress: report,
      }));
    if (progress.length === 0) return undefined;
    return { case: "progress", value: { $typeName: "stem.v1.ReportProgress", progress } };
  }

  #ready(): void {
    const waitMs = this.#nextAt - this.#clock.now();
    if (waitMs <= 0) this.#onReady();
    else if (!this.#waiting) {
      this.#waiting = true;
      this.#clock.after(waitMs, () => {
        this.#waiting = false;
        this.#onReady();
      });
    }
  }
}
