import { Logger, makeWorkerUtils } from "graphile-worker";
import { inThousands } from "./bulk.ts";
import { startChild } from "./child.ts";
import type { Sample } from "./measure.ts";
import { withPostgres } from "./postgres.ts";
import { payload } from "./tasks.ts";

/** Says nothing. */
export const quiet = new Logger(() => () => undefined);

/** Tasks per second of one graphile-worker process in batched mode at concurrency 100 on `count` no-ops that wait already. */
export const graphileDrain = (count: number): Promise<Sample> =>
  withPostgres(async ({ url, count: countOf, tidy }) => {
    await fill(url, count);
    await tidy();
    const worker = startChild("../processes/graphile-worker.ts", { url, count, concurrency: 100 });
    const { seconds, handled } = await worker.next<{ seconds: number; handled: number }>();
    await worker.end();
    // It deletes what it has completed.
    const left = await countOf("SELECT count(*) FROM graphile_worker.jobs");
    return { value: count / seconds, delivered: handled === count && left === 0 };
  });

async function fill(connectionString: string, count: number): Promise<void> {
  const utils = await makeWorkerUtils({ connectionString, logger: quiet });
  try {
    await utils.migrate();
    await inThousands(count, (start, size) =>
      utils.addJobs(
        Array.from({ length: size }, (_, i) => ({ identifier: "noop", payload: payload(start + i) })),
      ),
    );
  } finally {
    await utils.release();
  }
}
