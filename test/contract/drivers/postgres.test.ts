import { afterAll, beforeAll } from "vitest";
import { tools } from "../../../scripts/external-tools.ts";
import type { Log } from "../../../server/src/ports/log.ts";
import { openStore } from "../../../server/src/storage/open.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { testWithTool } from "../../support/test-with-tool.ts";
import { exercise } from "../exercise.ts";

const nothing = (): void => undefined;
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const folder = tools.postgres.find();
if (folder === undefined)
  testWithTool("the postgres store", { tool: "postgres", timeoutMs: 1000, run: async () => undefined });
else exerciseOver(folder);

function exerciseOver(programs: string): void {
  let server: TestPostgres;
  let count = 0;
  beforeAll(async () => {
    server = await startPostgres(programs);
  });
  afterAll(() => server.stop());

  exercise(
    "postgres",
    async (options) => {
      count += 1;
      const schema = `store_${count}`;
      return {
        open: () => openStore(server.url(schema), { ...options, log: silent, durability: "relaxed" }),
        remove: async () => void (await server.sql(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)),
      };
    },
    {
      model: { runs: 60, canReopen: true },
      skips: [],
    },
  );
}
