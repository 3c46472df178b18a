import type { ReportProgress } from "@stem/proto/stem/v1/worker_service_pb";
import type { Progress, Session } from "../../broker/broker.ts";
import type { Bytes } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import type { Clock } from "../../ports/clock.ts";
import { isProblem, under } from "../convert/checked.ts";
import { readProgress } from "../convert/progress.ts";
import type { Forgeries } from "./forgeries.ts";

/** Takes progress in: what is beyond the rate, and what is about leases that are over, is dropped and counted. */
export interface ProgressIntake {
  /** How many reports were dropped; with those whose token nobody here made, which count as forgeries, too. */
  readonly dropped: number;
  /** Passes a frame's reports on. Throws what is wrong with the frame; it then had no effect. */
  take(frame: ReportProgress): void;
}

/** What taking progress in needs. */
export type ProgressIntakeDeps = {
  readonly session: Pick<Session, "progress">;
  readonly forgeries: Forgeries;
  readonly clock: Clock;
  readonly limits: Limits;
};

const secondMs = 1000;

/** Makes the intake of one stream. */
export function createProgressIntake(deps: ProgressIntakeDeps): ProgressIntake {
  const { session, forgeries, clock, limits } = deps;
  let secondBegan = Number.NEGATIVE_INFINITY;
  let taken = 0;
  let dropped = 0;

  function isWithinRate(): boolean {
    const now = clock.now();
    if (now - secondBegan >= secondMs) {
      secondBegan = now;
      taken = 0;
    }
    taken += 1;
    return taken <= limits.progressPerSecondMax;
  }

  return {
    get dropped() {
      return dropped;
    },
    take(frame) {
      let forged = 0;
      for (const { token, progress } of readAll(frame, limits)) {
        // Beyond the rate nothing is looked at: looking is what the rate is to keep down.
        const verdict = isWithinRate() ? session.progress(token, progress) : "dropped";
        if (verdict !== "shown") dropped += 1;
        if (verdict === "forged") forged += 1;
      }
      forgeries.note("progress.progress", forged);
    },
  };
}

type Report = { readonly token: Bytes; readonly progress: Progress };

function readAll({ progress: reports }: ReportProgress, limits: Limits): readonly Report[] {
  const itemsMax = limits.batchTasksMax;
  if (reports.length > itemsMax)
    throw new StemProblem({
      reason: "BATCH_TOO_LARGE",
      field: "progress.progress",
      items: reports.length,
      itemsMax,
    });
  return reports.map((report, index) => {
    const progress = readProgress(report, limits);
    if (isProblem(progress)) throw new StemProblem(under(progress, `progress.progress[${index}].`));
    return { token: report.leaseToken, progress };
  });
}
