import { expect } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import { openStore } from "../../server/src/storage/open.ts";
import { lease } from "../contract/subject.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { postgresTests } from "./shared-store.ts";

postgresTests((test) => {
  test("a database that may lose what it was given is refused, unless that was asked for", async (shared) => {
    const options = { clock: { now: () => shared.now, after: () => () => undefined }, limits, lease };
    const log = createRecordingLog();
    await expect(openStore(shared.url, { ...options, log })).rejects.toThrow(/fsync is off/);
    await expect(openStore("postgres://nobody:secret@127.0.0.1:1/none", { ...options, log })).rejects.toThrow(
      /^the store postgres:\/\/…@127\.0\.0\.1:1\/none cannot be opened: /,
    );
    await expect(openStore(`${shared.url}-`, { ...options, log })).rejects.toThrow(
      /the schema "shared_\d+-"/,
    );
  });

  test("a layout that is newer, or has another history, is refused", async (shared) => {
    await (await shared.open()).close();
    const schema = /schema=(\w+)/.exec(shared.url)?.[1];
    await shared.server.sql(`INSERT INTO ${schema}.migrations VALUES (1000, 'later', '', 0)`);
    await expect(shared.open()).rejects.toThrow(/its layout is newer/);
    await shared.server.sql(`DELETE FROM ${schema}.migrations WHERE number = 1000`);
    await shared.server.sql(`UPDATE ${schema}.migrations SET checksum = 'other' WHERE number = 1`);
    await expect(shared.open()).rejects.toThrow(/its step 1 \(initial\) is not the one/);
  });
});
