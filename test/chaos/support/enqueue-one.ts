import type { StemClient } from "@stem/sdk";
import { hashOf } from "../history.ts";
import { type Work, work } from "../processes/work.ts";
import type { ChaosRun } from "./chaos-run.ts";

/** Enqueues one task from the test itself, and writes it down as a producer does. */
export async function enqueueOne(
  run: ChaosRun,
  client: StemClient,
  { id, kind, ms }: Omit<Work, "nonce"> & { readonly id: string },
) {
  const args: Work = { kind, ms, nonce: run.random.whole(0, 2 ** 31) };
  const line = { op: "enqueue", task: id, argsHash: hashOf([args]) } as const;
  run.journal.write({ ...line, phase: "invoke" });
  const handle = await client.enqueue(work, [args], { id });
  run.journal.write({ ...line, phase: "ok" });
  return handle;
}
