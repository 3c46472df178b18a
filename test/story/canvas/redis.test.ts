import { databaseTests } from "../../support/database-tests.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { canvasCases } from "./cases.ts";
import { createStories } from "./story.ts";

const start = (program: string) => startRedis(program);
databaseTests({ tool: "redis-server", start }, (test) => {
  let database: TestRedis | undefined;
  const open = createStories(() => database?.url("stories") ?? "");
  canvasCases((sentence, run) =>
    test(sentence, 60_000, async (server) => {
      database = server;
      await run(await open());
    }),
  );
});
