import { databaseTests } from "../../support/database-tests.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { canvasCases } from "./cases.ts";
import { createStories } from "./story.ts";

const start = (folder: string) => startPostgres(folder);
databaseTests({ tool: "postgres", start }, (test) => {
  let database: TestPostgres | undefined;
  const open = createStories(() => database?.url("stories") ?? "");
  canvasCases((sentence, run) =>
    test(sentence, 60_000, async (server) => {
      database = server;
      await run(await open());
    }),
  );
});
