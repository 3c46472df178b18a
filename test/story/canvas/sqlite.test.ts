import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { canvasCases } from "./cases.ts";
import { createStories } from "./story.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "stem-canvas-"));
});
// Before the server's own end is registered: hooks at the end run last first.
afterAll(() => rm(folder, { recursive: true }));

const open = createStories(() => `sqlite:${path.join(folder, "stem.db")}`);
canvasCases((sentence, run) => test(sentence, async () => run(await open())));
