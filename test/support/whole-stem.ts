import { connect, type StemClient } from "@stem/sdk";
import { type ConfigInput, createConfig, type RunningServer, startServer } from "@stem/server";
import { createWorker, type Worker, type WorkerOptions } from "@stem/worker";
import { onTestFinished } from "vitest";
import { createRecordingLog, type RecordingLog } from "./recording-log.ts";

/** A server, a producer and workers, each as a user has them, in one process and over real sockets. */
export type WholeStem = {
  readonly server: RunningServer;
  readonly url: string;
  readonly stem: StemClient;
  /** What the server, the client and the workers log. */
  readonly log: RecordingLog;
  /** Starts a worker of this server. */
  work(options: Pick<WorkerOptions, "tasks"> & Partial<WorkerOptions>): Promise<Worker>;
};

/** Starts a server in memory, unless configured otherwise, and a client. All is closed when the test is over, or when `atEnd` says. */
export async function startStem(input: ConfigInput = {}, atEnd: AtEnd = onTestFinished): Promise<WholeStem> {
  const log = createRecordingLog();
  const server = await startServer(configOf(input), { log });
  const stem = connect({ url: server.url, log });
  atEnd(async () => {
    await stem.close();
    await server.close();
  });
  return {
    ...{ server, url: server.url, stem, log },
    async work(options) {
      const worker = createWorker({ url: server.url, log, graceMs: 0, ...options });
      atEnd(() => worker.stop());
      await worker.start();
      return worker;
    },
  };
}

/** Takes what is to be done at the end, last things first. */
export type AtEnd = (run: () => Promise<void>) => void;

/** A configuration for tests: in memory, on any free port. */
export const configOf = (input: ConfigInput = {}) =>
  createConfig({ ...input, store: { url: "memory:", ...input.store }, listen: { port: 0, ...input.listen } });
