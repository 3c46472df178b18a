import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { type AcquireLockRequestSchema, LockService } from "@stem/proto/stem/v1/lock_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";
import { invalid, refusalOf } from "./bad-input/refusal.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

const ttl = { seconds: 60n };

describe.each(wireTransports)("over %s", (name, open) => {
  const keyOf = (suffix: string) => `${wordOf(name)}/${suffix}`;
  const connect = () => createClient(LockService, open(server.url));

  test("a lock is acquired, looked at, renewed and released", async () => {
    const locks = connect();
    const key = keyOf("life");
    const { lock, renewed, waited } = await locks.acquireLock({ key, owner: "ann", ttl });
    expect(lock).toMatchObject({ namespace: "default", key, owner: "ann" });
    expect([renewed, waited]).toMatchObject([false, { seconds: 0n }]);
    const fence = lock?.fence ?? 0n;
    expect(fence).toBeGreaterThan(0n);
    expect((await locks.getLock({ key })).lock).toEqual(lock);
    const again = await locks.acquireLock({ key, owner: "ann", ttl });
    expect(again).toMatchObject({ renewed: true, lock: { fence } });
    const longer = await locks.renewLock({ key, owner: "ann", fence, ttl: { seconds: 600n } });
    expect(longer.lock?.expireTime?.seconds).toBeGreaterThan((lock?.expireTime?.seconds ?? 0n) + 500n);
    await locks.releaseLock({ key, owner: "ann", fence });
    expect((await locks.getLock({ key })).lock).toBeUndefined();
  });

  test("a lock that another has is refused, with who has it and for how long", async () => {
    const locks = connect();
    const key = keyOf("held");
    const { lock } = await locks.acquireLock({ key, owner: "ann", ttl });
    const error = await failure(locks.acquireLock({ key, owner: "bob", ttl, wait: { nanos: 50_000_000 } }));
    expect(error.code).toBe(Code.FailedPrecondition);
    const [info] = error.findDetails(ErrorInfoSchema);
    expect(info).toMatchObject({ reason: "LOCK_HELD", metadata: { key, owner: "ann" } });
    expect(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBeGreaterThan(50n);
    for (const call of [
      locks.renewLock({ key, owner: "bob", fence: lock?.fence ?? 0n, ttl }),
      locks.releaseLock({ key, owner: "ann", fence: (lock?.fence ?? 0n) - 1n }),
    ]) {
      const lost = await failure(call);
      expect(lost.code).toBe(Code.FailedPrecondition);
      expect(lost.findDetails(ErrorInfoSchema)[0]?.reason).toBe("LOCK_LOST");
    }
    expect((await locks.getLock({ key })).lock).toEqual(lock);
  });

  test("who waits gets the lock when it is let go of, and is told how long it waited", async () => {
    const locks = connect();
    const key = keyOf("wait");
    const { lock } = await locks.acquireLock({ key, owner: "ann", ttl });
    const waiting = locks.acquireLock({ key, owner: "bob", ttl, wait: { seconds: 30n } });
    await failure(locks.acquireLock({ key, owner: "cid", ttl, wait: { nanos: 50_000_000 } }));
    await locks.releaseLock({ key, owner: "ann", fence: lock?.fence ?? 0n });
    const { lock: theirs, waited } = await waiting;
    expect(theirs?.fence).toBeGreaterThan(lock?.fence ?? 0n);
    expect(Number(waited?.seconds) * 1000 + Number(waited?.nanos) / 1e6).toBeGreaterThanOrEqual(40);
  });

  test("locks are listed by key, page by page", async () => {
    const locks = connect();
    const wanted = ["p1", "p2", "p3"].map(keyOf);
    for (const key of wanted) await locks.acquireLock({ key, owner: "ann", ttl });
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await locks.listLocks({ pageSize: 2, pageToken });
      expect(page.locks.length).toBeLessThanOrEqual(2);
      seen.push(...page.locks.map(({ key }) => key));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen.filter((key) => wanted.includes(key))).toEqual(wanted);
    expect(seen).toEqual([...seen].sort());
    expect(await refusalOf(locks.listLocks({ pageToken: "AAAA" }))).toMatchObject(invalid("page_token"));
  });

  test("names and times that can be none are refused, and the field is named", async () => {
    const locks = connect();
    const good = { key: keyOf("bad"), owner: "ann", ttl };
    const refused = async (
      field: string,
      ...bad: readonly MessageInitShape<typeof AcquireLockRequestSchema>[]
    ) => {
      for (const each of bad)
        expect(await refusalOf(locks.acquireLock(Object.assign({ ...good }, each)))).toMatchObject(
          invalid(field),
        );
    };
    await refused("key", { key: "" }, { key: "a b" }, { key: "ä" }, { key: "a".repeat(256) });
    await refused("owner", { owner: "" }, { owner: "a\n" }, { owner: "a".repeat(256) });
    await refused(
      "ttl",
      { ttl: { nanos: 99_999_999 } },
      { ttl: { seconds: -1n } },
      { ttl: { seconds: 86_401n } },
    );
    await refused("wait", { wait: { seconds: -1n } }, { wait: { seconds: 31n } });
    expect(await refusalOf(locks.acquireLock({ key: good.key, owner: "ann" }))).toMatchObject(invalid("ttl"));
    expect(await refusalOf(locks.renewLock({ ...good, fence: 0n }))).toMatchObject(invalid("fence"));
    expect(await refusalOf(locks.releaseLock({ ...good, fence: -1n }))).toMatchObject(invalid("fence"));
    expect((await locks.getLock({ key: good.key })).lock).toBeUndefined();
    expect((await locks.acquireLock({ ...good, key: "__proto__" })).renewed).toBe(false);
    await locks.releaseLock({
      key: "__proto__",
      owner: "ann",
      fence: (await locks.getLock({ key: "__proto__" })).lock?.fence ?? 0n,
    });
  });
});

test("a server that drains lets nobody wait for a lock, and still takes renewals", async () => {
  const going = await startWireServer();
  const [, open] = wireTransports[0] ?? [];
  const locks = createClient(LockService, open?.(going.url) as never);
  const { lock } = await locks.acquireLock({ key: "door", owner: "ann", ttl });
  const waiting = refusalOf(locks.acquireLock({ key: "door", owner: "bob", ttl, wait: { seconds: 30n } }));
  // Answered after the one before it has come in.
  await failure(locks.acquireLock({ key: "door", owner: "cid", ttl, wait: { nanos: 20_000_000 } }));
  going.api.drain();
  expect(await waiting).toMatchObject({ code: Code.Unavailable, reason: "DRAINING" });
  expect(await refusalOf(locks.acquireLock({ key: "new", owner: "bob", ttl }))).toMatchObject({
    reason: "DRAINING",
  });
  const fence = lock?.fence ?? 0n;
  expect((await locks.renewLock({ key: "door", owner: "ann", fence, ttl })).lock?.owner).toBe("ann");
  await locks.releaseLock({ key: "door", owner: "ann", fence });
  await going.close();
});
