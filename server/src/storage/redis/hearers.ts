import type { GateNews } from "../../ports/gate-store.ts";
import type { OthersNews } from "../../ports/others-news.ts";

/** Who hears what comes by itself, of gates and of other servers: nobody, until somebody is named. */
export function createHearers() {
  const hearers = {
    news: (_: GateNews): void => undefined,
    others: (_: OthersNews): void => undefined,
    /** What servers keep in memory may be otherwise. */
    reread: (): void => hearers.others({ changed: [], cancelled: [], emitted: [], isReread: true }),
  };
  return hearers;
}
