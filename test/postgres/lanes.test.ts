import type pg from "pg";
import { expect } from "vitest";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import { lockClassOf } from "../../server/src/storage/postgres/locks-of-store.ts";
import { claimRequest, only, settlementOf } from "../contract/subject.ts";
import { newTask, tiesOf } from "../support/new-task.ts";
import { withClient } from "../support/postgres-process.ts";
import { until } from "../support/until.ts";
import { postgresTests, type SharedStore } from "./shared-store.ts";

const done = { kind: "succeeded", result: undefined } as const;

/** Runs SQL of somebody else's in a transaction that lasts as long as `meanwhile`. */
async function inTransaction(
  { url }: SharedStore,
  sql: (schema: string) => string,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const address = new URL(url);
  const schema = address.searchParams.get("schema") ?? "";
  address.searchParams.delete("schema");
  await withClient(address.href, async (client: pg.Client) => {
    await client.query(`BEGIN; ${sql(schema)}`);
    await meanwhile();
    await client.query("COMMIT");
  });
}

/** Resolves when so many connections of the store wait for a lock. */
const untilWaiting = ({ server }: SharedStore, count: number): Promise<unknown> =>
  until(
    async () => {
      const { rowCount } = await server.sql(
        "SELECT FROM pg_stat_activity WHERE application_name = 'stem' AND wait_event_type = 'Lock'",
      );
      return rowCount === count;
    },
    { deadlineMs: 20_000, everyMs: 5, what: `${count} connections that wait` },
  );

postgresTests((test) => {
  test("a claim does not wait for a settlement under way", async (shared) => {
    const store = await shared.open();
    await store.accept({ tasks: [newTask("a"), newTask("b")], now: shared.now, atomic: false });
    const held = only(await store.claim(claimRequest(shared.now, { limit: 1 })));
    let settling: ReturnType<typeof store.settle> | undefined;
    await inTransaction(
      shared,
      (schema) => `SELECT FROM ${schema}.tasks WHERE state = 2 FOR UPDATE`,
      async () => {
        settling = store.settle([settlementOf(held, done, shared.now)]);
        await untilWaiting(shared, 1);
        const [taken] = await store.claim(claimRequest(shared.now));
        expect(taken?.id).toBe("b");
      },
    );
    expect(await settling).toMatchObject([{ kind: "applied" }]);
  });

  test("what comes in waits for a claim that was asked for before, and a claim behind it sees it", async (shared) => {
    const store = await shared.open();
    const tied = newTask("tied", { ties: tiesOf({ limitKey: "key" }) });
    await store.accept({ tasks: [tied], now: shared.now, atomic: false });
    const over: string[] = [];
    const noted = (name: string, ids: Promise<readonly unknown[]>) =>
      ids.then((answer) => {
        over.push(name);
        return answer;
      });
    let calls: Promise<readonly (readonly unknown[])[]> | undefined;
    await inTransaction(
      shared,
      (schema) =>
        `SELECT pg_advisory_xact_lock(${lockClassOf(schema)}, id + 1000) FROM ${schema}.namespaces WHERE name = '${defaultNamespace}'`,
      async () => {
        const first = noted("first claim", store.claim(claimRequest(shared.now)));
        await untilWaiting(shared, 1);
        const accept = store.accept({ tasks: [newTask("later")], now: shared.now, atomic: false });
        const second = store.claim(claimRequest(shared.now));
        calls = Promise.all([first, noted("accept", accept), noted("second claim", second)]);
      },
    );
    expect(await calls).toMatchObject([[{ id: "tied" }], ["accepted"], [{ id: "later" }]]);
    expect(over).toEqual(["first claim", "accept", "second claim"]);
  });
});
