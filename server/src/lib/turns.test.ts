import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

test("what comes later begins when what came before has ended, also where that failed", async () => {
  const inTurn = createTurns();
  const seen: string[] = [];
  const first = Promise.withResolvers<string>();
  const one = inTurn(async () => {
    seen.push("one begins");
    const word = await first.promise;
    seen.push("one ends");
    return word;
  });
  const two = inTurn(async () => {
    seen.push("two");
    throw new Error("two has failed");
  });
  const three = inTurn(async () => seen.push("three"));
  expect(await Promise.race([two, Promise.resolve("nobody")])).toBe("nobody");
  first.resolve("done");
  expect(await one).toBe("done");
  await expect(two).rejects.toThrow("two has failed");
  expect(await three).toBe(4);
  expect(seen).toEqual(["one begins", "one ends", "two", "three"]);
});
