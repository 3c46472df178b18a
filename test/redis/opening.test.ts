import { expect } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import { openStore } from "../../server/src/storage/open.ts";
import { lease } from "../contract/subject.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { redisTests, type SharedStore } from "./shared-store.ts";

const usual = [
  ["appendonly", "yes"],
  ["appendfsync", "always"],
  ["maxmemory-policy", "noeviction"],
] as const;

/** Opens the store with Redis set so; says what it promises, or why it does not open. */
async function promise(
  { server, url, now }: SharedStore,
  settings: Readonly<Record<string, string>>,
  how: { readonly durability?: "disk" | "relaxed"; readonly also?: string } = {},
): Promise<string> {
  for (const [name, value] of Object.entries(settings)) await server.command("CONFIG", "SET", name, value);
  const clock = { now: () => now, after: () => () => undefined };
  const options = { clock, limits, lease, log: createRecordingLog() };
  const { durability, also = "" } = how;
  try {
    const store = await openStore(url + also, { ...options, ...(durability && { durability }) });
    await store.close();
    return store.durability;
  } catch (error) {
    return String(error);
  } finally {
    for (const [name, value] of usual) await server.command("CONFIG", "SET", name, value);
  }
}

redisTests(
  (test) => {
    test("a Redis that syncs every write promises the disk", async (shared) => {
      expect(await promise(shared, {})).toBe("disk");
      expect(await promise(shared, {}, { durability: "relaxed" })).toBe("disk");
    });

    test("one that syncs every second is refused, unless that is asked for", async (shared) => {
      const everysec = { appendfsync: "everysec" };
      expect(await promise(shared, everysec)).toContain("appendfsync is everysec");
      expect(await promise(shared, everysec, { durability: "relaxed" })).toBe("relaxed");
      expect(await promise(shared, { appendfsync: "no" }, { durability: "relaxed" })).toContain(
        "appendfsync is no",
      );
    });

    test("one that keeps no file is refused, unless the URL says that it may", async (shared) => {
      const off = { appendonly: "no" };
      expect(await promise(shared, off, { durability: "relaxed" })).toContain("appendonly is off");
      expect(await promise(shared, off, { also: "&volatile=yes" })).toBe("none");
    });

    test("one that drops what was accepted when memory is short is refused", async (shared) => {
      expect(
        await promise(shared, { "maxmemory-policy": "allkeys-lru" }, { also: "&volatile=yes" }),
      ).toContain("maxmemory-policy is allkeys-lru");
    });

    test("one that is not there is refused at once, and its password is not said", async ({ now }) => {
      const clock = { now: () => now, after: () => () => undefined };
      const options = { clock, limits, lease, log: createRecordingLog() };
      const opening = openStore("redis://me:secret@127.0.0.1:1/0", options);
      await expect(opening).rejects.toThrow("redis://…@127.0.0.1:1/0 cannot be opened");
      await expect(opening).rejects.not.toThrow("secret");
    });
  },
  { isSafe: true },
);
