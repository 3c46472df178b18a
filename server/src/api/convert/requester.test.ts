import { expect, test } from "vitest";
import { anybody, type Caller } from "../callers.ts";
import { requesterOf } from "./requester.ts";

const bot: Caller = { principal: { name: "deploy-bot", by: "token" }, digest: "d" };

test.each([
  ["ada", anybody, "ada"],
  ["", anybody, undefined],
  ["", bot, "deploy-bot"],
  ["deploy-bot", bot, "deploy-bot"],
  ["ada", bot, "ada via deploy-bot"],
] as const)("%j asked by %o is shown as %j", (said, caller, shown) => {
  expect(requesterOf(said, caller)).toBe(shown);
});
