import { expect, onTestFinished } from "vitest";
import { growthBytesMax, growthOver, smallHeap } from "../support/many-members.ts";
import { startServerProcess } from "../support/server-process.ts";
import { onEachDatabase } from "./databases.ts";

onEachDatabase((test) => {
  test(
    "a group is filled page by page, run and read, and the server holds no more of it than a page",
    process.env["STEM_SOAK"] ? 1_800_000 : 120_000,
    async (database) => {
      const server = await startServerProcess(["--store", database.url], smallHeap);
      onTestFinished(async () => void (await server.end()));
      expect(await growthOver(server)).toBeLessThan(growthBytesMax);
    },
  );
});
