import { connect, type StemClient } from "@stem/sdk";
import { expect, onTestFinished } from "vitest";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { onEachDatabase } from "./databases.ts";
import { startFleet } from "./servers.ts";

const limited = (concurrency: number) => `queues: { mail: { limits: { concurrency: ${concurrency} } } }`;
const mail = { queue: "mail" };

function clientOf(url: string): StemClient {
  const stem = connect({ url, log: createRecordingLog() });
  onTestFinished(() => stem.close());
  return stem;
}

onEachDatabase((test) => {
  test(
    "limits that one server's routing says are soon the other one's to refuse, too",
    120_000,
    async ({ url }) => {
      const [first, second] = (await startFleet(url)).map((server) => clientOf(server.url));
      if (first === undefined || second === undefined) throw new Error("there are no two servers");
      await first.routing.replace(limited(3), { revision: 0 });
      expect(await second.limits.get(mail)).toMatchObject({ concurrency: 3 });
      const isRefused = () =>
        second.limits.put(mail, { concurrency: 9 }).then(
          () => false,
          ({ reason }: { readonly reason?: string }) => reason === "LIMIT_FIXED",
        );
      await until(isRefused, { deadlineMs: 30_000, what: "the other server to refuse" });
      const isBack = async () => (await first.limits.get(mail)).concurrency === 3;
      await until(isBack, {
        deadlineMs: 30_000,
        what: "the limit of the text, in place of what came meanwhile",
      });

      // Both at once: one is refused, and the limit is that of the other one.
      const wishes = [
        first.routing.replace(limited(4), { revision: 1 }),
        second.routing.replace(limited(5), { revision: 1 }),
      ];
      const outcomes = await Promise.allSettled(wishes);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      const { config } = await first.routing.get();
      const { concurrency } = await first.limits.get(mail);
      expect(limited(concurrency ?? 0)).toBe(config);

      await second.routing.replace("", { revision: 2 });
      await expect(first.limits.get(mail)).rejects.toMatchObject({ reason: "LIMIT_UNKNOWN" });
    },
  );
});
