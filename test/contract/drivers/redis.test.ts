import { afterAll, beforeAll } from "vitest";
import { tools } from "../../../scripts/external-tools.ts";
import type { Log } from "../../../server/src/ports/log.ts";
import { openRedisStore } from "../../../server/src/storage/redis/redis.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { testWithTool } from "../../support/test-with-tool.ts";
import { exercise } from "../exercise.ts";

const nothing = (): void => undefined;
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const program = tools["redis-server"].find();
if (program === undefined)
  testWithTool("the redis store", { tool: "redis-server", timeoutMs: 1000, run: async () => undefined });
else exerciseOver(program);

function exerciseOver(redisServer: string): void {
  let server: TestRedis;
  let count = 0;
  beforeAll(async () => {
    server = await startRedis(redisServer);
  });
  afterAll(() => server.stop());

  exercise(
    "redis",
    async (options) => {
      count += 1;
      const url = server.url(`store-${count}`);
      return {
        open: () => openRedisStore(url, { ...options, log: silent }),
        remove: async () => void (await server.command("FLUSHALL")),
      };
    },
    {
      model: { runs: 60, canReopen: true },
      skips: [],
    },
  );
}
