import { expect, onTestFinished } from "vitest";
import { startCommand } from "../support/server-process.ts";
import { testWithTool } from "../support/test-with-tool.ts";
import { failure } from "../support/wire-transports.ts";
import { freshStorePath, type StoreServer, startStoreServer } from "./store-server.ts";

/** From here on the kernel answers every sync of one file by this server with EIO, as it does when the disk has lost a page. */
async function failSyncs(strace: string, { child }: StoreServer, file: string): Promise<void> {
  const syncs = "fsync,fdatasync";
  const what = ["-e", `trace=${syncs}`, "-e", `inject=${syncs}:error=EIO`];
  const tracer = startCommand(strace, ["-f", "-p", String(child.pid), "-P", file, ...what]);
  onTestFinished(async () => void (await tracer.end("SIGINT")));
  await tracer.line(/attached/);
}

/** 1034 is SQLITE_IOERR_FSYNC. Rounds of upkeep may fail, and say so, while the last answers leave. */
async function expectLastWords(server: StoreServer): Promise<void> {
  expect(await server.exited).toEqual({ code: 3, signal: null });
  const said = server.lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= 50);
  expect(said).toContainEqual(
    expect.objectContaining({
      msg: "the store cannot be trusted any more; a restart recovers it",
      error: expect.objectContaining({ message: "disk I/O error (SQLite error 1034)" }),
    }),
  );
}

testWithTool("a commit whose sync fails is not answered as done, and ends the server", {
  tool: "strace",
  timeoutMs: 30_000,
  async run(strace) {
    const file = await freshStorePath();
    const server = await startStoreServer(file);
    await server.enqueue("before");
    await failSyncs(strace, server, `${file}-wal`);
    await failure(server.enqueue("after"));
    await expectLastWords(server);

    const restarted = await startStoreServer(file);
    expect((await restarted.tasks.getTask({ taskId: "before" })).task?.id).toBe("before");
    await restarted.enqueue("again");
  },
});

testWithTool("a checkpoint whose sync fails ends the server, too, and loses nothing", {
  tool: "strace",
  timeoutMs: 60_000,
  async run(strace) {
    const file = await freshStorePath();
    const server = await startStoreServer(file);
    await failSyncs(strace, server, file);
    const large = { data: { case: "json" as const, value: JSON.stringify("x".repeat(1_000_000)) } };
    const accepted: string[] = [];
    const fill = async (): Promise<never> => {
      // More than the log may be long before it is copied into the data file.
      for (let n = 0; n < 200; n += 1) {
        await server.tasks.enqueueTask({ id: `${n}`, name: "a", args: large });
        accepted.push(`${n}`);
      }
      throw new Error("nothing was copied in 200 MB");
    };
    await failure(fill());
    await expectLastWords(server);

    const { tasks } = await startStoreServer(file);
    for (const taskId of accepted) await tasks.getTask({ taskId });
    expect(accepted.length).toBeGreaterThan(10);
  },
});
