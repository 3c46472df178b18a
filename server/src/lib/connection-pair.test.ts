import { once } from "node:events";
import { expect, test } from "vitest";
import { connectionPair } from "./connection-pair.ts";

test("what is written at one end is read at the other, both ways, to the end", async () => {
  const [one, other] = connectionPair();
  one.write("ab");
  one.end("c");
  other.end("d");
  expect(String(Buffer.concat(await one.toArray()))).toBe("d");
  expect(String(Buffer.concat(await other.toArray()))).toBe("abc");
});

test("a write does not wait for a reader", async () => {
  const [one, other] = connectionPair();
  await new Promise<void>((resolve) => {
    one.write(Buffer.alloc(1 << 20), () => resolve());
  });
  one.destroy();
  await once(other, "close");
});

test("when one end is gone the other soon is, and what was written before is read before", async () => {
  const [one, other] = connectionPair();
  const read: string[] = [];
  other.on("data", (chunk: Buffer) => read.push(String(chunk)));
  one.write("last words");
  one.destroy();
  await once(other, "close");
  expect(read).toEqual(["last words"]);
});
