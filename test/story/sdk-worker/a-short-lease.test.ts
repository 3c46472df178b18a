import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

/** Far below the heartbeat interval of 5 s. */
const leaseMs = 1000;
const brief = defineTask<[], string>({ name: "brief", options: { leaseMs } });

test("a task with a lease shorter than the heartbeat interval is held for as long as it takes", async () => {
  const { stem, work } = await startStem({ defaults: { leaseGraceMs: 100 } });
  const lastsForTwoLeases = async ({ signal }: { readonly signal: AbortSignal }): Promise<string> => {
    const end = performance.now() + 2 * leaseMs;
    await until(() => signal.aborted || performance.now() > end, { what: "the end", deadlineMs: 50_000 });
    signal.throwIfAborted();
    return "done";
  };
  await work({ tasks: [implement(brief, lastsForTwoLeases)] });
  const handle = await stem.enqueue(brief);
  expect(await handle.result({ timeoutMs: 50_000 })).toBe("done");
  expect(await handle.status()).toMatchObject({ attempt: 1, deliveries: 1 });
});
