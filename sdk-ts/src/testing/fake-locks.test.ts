import { expect, test } from "vitest";
import { createFakeClient } from "./fake-client.ts";

test("the locks of a client without a server have one holder, and those who wait get them in order", async () => {
  await using stem = createFakeClient();
  const lock = await stem.locks.acquire("door");
  await expect(stem.locks.acquire("door")).rejects.toMatchObject({ reason: "LOCK_HELD" });
  const got: string[] = [];
  const waiting = ["first", "second"].map((who) =>
    stem.locks.withLock("door", ({ fence }) => got.push(`${who} ${fence > lock.fence}`), { waitMs: 5000 }),
  );
  await lock.release();
  await Promise.all(waiting);
  expect(got).toEqual(["first true", "second true"]);
  expect(await stem.locks.get("door")).toBeUndefined();
});

test("a wait for a lock of a client without a server ends in time, and with the client", async () => {
  const stem = createFakeClient();
  await stem.locks.acquire("door");
  await expect(stem.locks.acquire("door", { waitMs: 5 })).rejects.toMatchObject({ reason: "LOCK_HELD" });
  const waiting = expect(stem.locks.acquire("door", { waitMs: 60_000 })).rejects.toMatchObject({
    name: "ClientClosedError",
  });
  await stem.close();
  await waiting;
});
