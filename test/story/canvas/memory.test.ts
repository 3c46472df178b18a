import { test } from "vitest";
import { canvasCases } from "./cases.ts";
import { createStories } from "./story.ts";

const open = createStories(() => "memory:");
canvasCases((sentence, run) => test(sentence, async () => run(await open())));
