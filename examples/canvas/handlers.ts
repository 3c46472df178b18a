import { implement } from "@stem/worker";
import { wordsOfAll } from "./canvases.ts";
import { sentence, total, words } from "./tasks.ts";

export const handlers = [
  implement(words, (ctx, text) => {
    if (text === "") throw new RangeError("there is no text");
    // A long text is counted by others, side by side; whoever waits for this task's result gets theirs.
    const paragraphs = text.split("\n\n");
    if (paragraphs.length > 1) return ctx.replace(wordsOfAll(paragraphs));
    return text.trim().split(/\s+/).length;
  }),
  implement(total, (_, numbers) => numbers.reduce((sum, each) => sum + each, 0)),
  implement(sentence, (_, what, count) => `there are ${count} ${what}`),
];
