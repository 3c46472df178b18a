import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema, RetryInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect } from "vitest";
import { startStem } from "../support/whole-stem.ts";
import { failure } from "../support/wire-transports.ts";
import { onEachDatabase } from "./databases.ts";

const slow = defineTask<[], string>({ name: "report.build" });
/** Half a minute in the long runs; what happens is the same after a moment. */
const awayMs = process.env["STEM_SOAK"] ? 30_000 : 2000;

onEachDatabase((test) => {
  test(
    "while the database is away producers are told to come again, and workers go on and settle afterwards",
    awayMs + 60_000,
    async (database) => {
      const { stem, work, url } = await startStem({
        store: { url: database.url },
        defaults: { leaseMs: 60_000 },
      });
      const begun = Promise.withResolvers<void>();
      const ending = Promise.withResolvers<void>();
      let wasAborted = false;
      await work({
        tasks: [
          implement(slow, async ({ signal }) => {
            begun.resolve();
            await ending.promise;
            wasAborted = signal.aborted;
            return "built";
          }),
        ],
      });
      const report = await stem.enqueue(slow, []);
      await begun.promise;
      const tasks = createClient(TaskService, createGrpcTransport({ baseUrl: url }));
      const enqueue = () => tasks.enqueueTask({ id: "meanwhile", name: "report.send", queue: "elsewhere" });
      await database.away(async () => {
        for (const until = performance.now() + awayMs; performance.now() < until; ) {
          const error = await failure(enqueue());
          expect(error.code).toBe(Code.Unavailable);
          expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("STORE_UNAVAILABLE");
          expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
        }
        // Its settlement finds no database.
        ending.resolve();
        await failure(enqueue());
      });
      expect(await report.result({ timeoutMs: 50_000 })).toBe("built");
      expect(wasAborted).toBe(false);
      await stem.enqueue(slow, [], { id: "after" });
    },
  );
});
