import { expect, test } from "vitest";
import { keep } from "./kept.ts";

test("what is kept changes when it is read anew, and whoever follows hears of changes only", async () => {
  const source = { value: "a", isBroken: false };
  const heard: string[] = [];
  const kept = await keep({
    read: async () => {
      if (source.isBroken) throw new Error("broken");
      return source.value;
    },
    isSame: (one, other) => one === other,
  });
  kept.follow((value) => heard.push(value));
  await kept.check();
  source.value = "b";
  expect(kept.current).toBe("a");
  await kept.check();
  source.isBroken = true;
  await expect(kept.check()).rejects.toThrow("broken");
  expect(kept.current).toBe("b");
  expect(heard).toEqual(["b"]);
});

test("nothing is kept that could not be read", async () => {
  const read = (): Promise<string> => Promise.reject(new Error("broken"));
  await expect(keep({ read, isSame: Object.is })).rejects.toThrow("broken");
});
