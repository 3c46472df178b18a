import path from "node:path";
import { createFakeClient } from "@stem/sdk/testing";
import { expect, onTestFinished, test } from "vitest";
import { startProcess } from "../../test/support/server-process.ts";
import { wordsInWords, wordsOfAll } from "./canvases.ts";
import { sentence, total, words } from "./tasks.ts";

test("a chain, a group, a chord and a batch come to what they say", { timeout: 30_000 }, async () => {
  const main = startProcess(path.join(import.meta.dirname, "main.ts"), []);
  onTestFinished(async () => void (await main.end()));
  expect(await main.exited).toEqual({ code: 0, signal: null });
  expect(main.lines).toEqual([
    "chain: there are 5 words",
    "group: 3 1",
    "chord: 6",
    "batch: 2 there is no text 1",
    "ended: 2 well, 1 badly",
  ]);
});

test("they are tried without a server", async () => {
  const client = createFakeClient();
  client.answer(words, (text) => (text === "all" ? wordsOfAll(["a", "b"]) : text.length));
  client.answer(total, (numbers) => numbers.length * 100);
  client.answer(sentence, (what, count) => `${count} ${what}`);
  expect(await (await client.submit(wordsInWords("all"))).result()).toBe("200 words");
});
