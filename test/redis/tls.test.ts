import { expect, onTestFinished } from "vitest";
import { instantOf } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Clock } from "../../server/src/ports/clock.ts";
import { openStore, openStoreClock, type StoreTls } from "../../server/src/storage/open.ts";
import { lease, refOf } from "../contract/subject.ts";
import { makeCertificates } from "../support/certificates.ts";
import { freePort } from "../support/free-port.ts";
import { newTask } from "../support/new-task.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { startRedis } from "../support/redis.ts";
import { testWithTool } from "../support/test-with-tool.ts";

const none: StoreTls = { ca: "", cert: "", key: "" };

testWithTool("a Redis is spoken to over TLS with certificates on both sides, and with no others", {
  tool: "redis-server",
  timeoutMs: 60_000,
  async run(program) {
    const made = makeCertificates();
    onTestFinished(made.remove);
    const { authority, server } = made;
    const port = await freePort();
    const redis = await startRedis(program, {
      tls: { port, cert: server.certFile, key: server.keyFile, ca: authority.certFile },
    });
    onTestFinished(() => redis.stop());
    const now = instantOf(1_800_000_000_000);
    const clock: Clock = { now: () => now, after: () => () => undefined };
    const url = `redis://127.0.0.1:${port}?prefix=secured&volatile=yes`;
    const log = createRecordingLog();
    const open = (tls: StoreTls) => openStore(url, { clock, limits, lease, log, tls });
    const { certFile: cert, keyFile: key } = authority.issue({ file: "client" });
    const store = await open({ ca: authority.certFile, cert, key });
    await store.accept({ tasks: [newTask("a")], now, atomic: false });
    expect(await store.readHeads([refOf("a")])).toMatchObject([{ state: "ready" }]);
    // Commands, and what others tell: each has a connection.
    expect(String(await redis.command("CLIENT", "LIST")).match(/ laddr=127\.0\.0\.1:/g)).toHaveLength(2);
    const timed = await openStoreClock(url, { clock, log, tls: { ca: authority.certFile, cert, key } });
    expect(timed.clock.now()).toBeGreaterThan(0);
    timed.close();
    await store.close();
    const stranger = made.otherAuthority("other");
    const own = stranger.issue({ file: "stranger" });
    await expect(open({ ca: stranger.certFile, cert, key })).rejects.toThrow(
      /cannot be opened: .*certificate/,
    );
    await expect(open({ ca: authority.certFile, cert: own.certFile, key: own.keyFile })).rejects.toThrow(
      /cannot be opened: /,
    );
    await expect(open({ ...none, ca: authority.certFile })).rejects.toThrow(/cannot be opened: /);
    await expect(open(none)).rejects.toThrow(/cannot be opened: /);
    await expect(open({ ...none, cert })).rejects.toThrow(/come together/);
  },
});
