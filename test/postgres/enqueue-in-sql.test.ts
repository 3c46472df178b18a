import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect } from "vitest";
import { until } from "../support/until.ts";
import { startStem } from "../support/whole-stem.ts";
import { postgresTests, type SharedStore } from "./shared-store.ts";

const add = defineTask<[number, number], number>({ name: "sums.add" });
const serverOn = ({ url }: SharedStore) => startStem({ store: { url, durability: "relaxed" } });
const schemaOf = ({ url }: SharedStore): string => /schema=(\w+)/.exec(url)?.[1] ?? "";
const waits = { deadlineMs: 50_000, what: "the inbox" };

postgresTests((test) => {
  test("a task that a user's transaction enqueues runs when that is committed, and never if it is not", async (shared) => {
    const { work, stem } = await serverOn(shared);
    const schema = schemaOf(shared);
    await work({ tasks: [implement(add, async (_, a, b) => a + b)] });
    const { sql } = shared.server;
    await sql(`BEGIN; CREATE TABLE IF NOT EXISTS ${schema}.orders (id int);
      INSERT INTO ${schema}.orders VALUES (1); SELECT ${schema}.enqueue('sums.add', '[1, 2]', '{"id": "lost"}'); ROLLBACK`);
    await sql(
      `BEGIN; SELECT ${schema}.enqueue('sums.add', '[2, 3]', '{"id": "kept", "tags": ["of-sql"]}'); COMMIT`,
    );
    const kept = stem.handle(add, "kept");
    const status = await until(async () => {
      const found = await kept.status().catch(() => undefined);
      return found?.state === "succeeded" && found;
    }, waits);
    expect(status).toMatchObject({ tags: ["of-sql"] });
    expect(await kept.result()).toBe(5);
    await expect(stem.handle(add, "lost").status()).rejects.toMatchObject({ reason: "TASK_UNKNOWN" });
    expect((await sql(`SELECT count(*)::int AS left FROM ${schema}.inbox`)).rows).toEqual([{ left: 0 }]);
  });

  test("what may not come in stays in the inbox with its reason, and comes in when it may", async (shared) => {
    await serverOn(shared);
    const schema = schemaOf(shared);
    const { sql } = shared.server;
    await sql(`SELECT ${schema}.enqueue('sums.add', '[1]', '{"options": {"priority": 99}}')`);
    await sql(`SELECT ${schema}.enqueue('sums.add', '[1]', '{"nonsense": true}')`);
    await sql(`SELECT ${schema}.enqueue('sums.add', '[1]', namespace => 'nowhere')`);
    const rows = await until(async () => {
      const found = (
        await sql(`SELECT refusal, take_at IS NULL AS never FROM ${schema}.inbox ORDER BY place`)
      ).rows;
      return found.every(({ refusal }) => refusal !== null) && found;
    }, waits);
    expect(rows).toEqual([
      { refusal: expect.stringMatching(/priority|FIELD_INVALID/), never: true },
      { refusal: expect.stringMatching(/nonsense/), never: true },
      { refusal: expect.stringMatching(/NAMESPACE_UNKNOWN|nowhere/), never: false },
    ]);
    await expect(sql(`SELECT ${schema}.enqueue('')`)).rejects.toThrow(/a task has a name/);
  });

  test("whoever may use the schema may enqueue, and see nothing else of it", async (shared) => {
    await (await shared.open()).close();
    const schema = schemaOf(shared);
    const { sql } = shared.server;
    await sql(`CREATE ROLE shop_${schema}; GRANT USAGE ON SCHEMA ${schema} TO shop_${schema}`);
    const done = await sql(`SET ROLE shop_${schema}; SELECT ${schema}.enqueue('sums.add') AS id`);
    expect((done as unknown as { rows: { id?: string }[] }[])[1]?.rows[0]?.id).toMatch(/^[0-9a-f-]{36}$/);
    await expect(sql(`SET ROLE shop_${schema}; SELECT * FROM ${schema}.inbox`)).rejects.toThrow(
      /permission denied/,
    );
  });
});
