/**
 * The command `stem-server`: reads the configuration, starts a server, and ends when told to. bin/stem-server.js runs it on a Node
 * that can. Exit codes are part of its interface; help.ts tells them.
 */

import { constants } from "node:os";
import { type Config, ConfigError, readConfig } from "./config/config.ts";
import { type RunningServer, StartError, startServer } from "./main.ts";
import type { Log } from "./ports/log.ts";
import { createLog } from "./telemetry/telemetry.ts";

const exitCodes = { stopped: 0, fault: 1, configuration: 2, store: 3, address: 4 } as const;

/** A Ctrl-C reaches us from the terminal and again from npm or the launcher; only what comes later is a second wish. */
const sameWishMs = 500;

/** How long answers that are made already may take to leave. */
const answersLeaveMs = 200;

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One stray rejection concerns one call, since all state is in the store. This many in a minute mean that something is broken. */
const strayRejectionsMax = 10;

await run();

async function run(): Promise<void> {
  const request = read();
  if (request.kind === "answer") {
    process.stdout.write(request.text);
    return;
  }
  const log = createLog(request.config.log);
  surviveOrEnd(log);
  const starting = start(request.config, log);
  stopOnSignals(starting, log);
  const server = await starting;
  void server.storeLost.then((error) => {
    log.error({ error }, "the store cannot be trusted any more; a restart recovers it");
    // The store takes no more calls: those that were under way are answered so, and their answers leave first.
    setTimeout(() => process.exit(exitCodes.store), answersLeaveMs);
  });
}

function read(): ReturnType<typeof readConfig> {
  try {
    return readConfig(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\nstem-server --help tells what can be set.\n`);
    process.exit(exitCodes.configuration);
  }
}

async function start(config: Config, log: Log): Promise<RunningServer> {
  try {
    return await startServer(config, { log });
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      process.exit(exitCodes.configuration);
    }
    if (!(error instanceof StartError)) throw error;
    log.debug({ error: error.cause }, "why the server did not start");
    log.error({}, error.message);
    process.exit(exitCodes[error.part]);
  }
}

/** A signal that comes while the server starts counts, too: it stops as soon as it could. */
function stopOnSignals(starting: Promise<RunningServer>, log: Log): void {
  let askedAt: number | undefined;
  const stop = (signal: (typeof stopSignals)[number]): void => {
    const now = performance.now();
    if (askedAt === undefined) {
      askedAt = now;
      log.info({ signal }, "draining; a second signal ends at once");
      const stopping = starting.then((server) => server.drain());
      void stopping.then(
        () => {
          log.info({}, "stopped");
          process.exit(exitCodes.stopped);
        },
        (error: unknown) => {
          log.error({ error }, "could not stop cleanly");
          process.exit(exitCodes.fault);
        },
      );
    } else if (now - askedAt > sameWishMs) {
      process.exit(128 + constants.signals[signal]);
    }
  };
  for (const signal of stopSignals) process.on(signal, stop);
}

/** Nobody was listening to an error: tells it, and goes on only while that is safe. */
function surviveOrEnd(log: Log): void {
  let total = 0;
  let recent: readonly number[] = [];
  process.on("unhandledRejection", (error) => {
    const now = performance.now();
    total += 1;
    recent = [...recent.filter((at) => now - at < 60_000), now];
    log.error({ error, total }, "a promise was rejected and nobody was listening");
    if (recent.length >= strayRejectionsMax) process.exit(exitCodes.fault);
  });
  process.on("uncaughtException", (error) => {
    // Something was left half done in memory. What was accepted is in the store, and leases outlive us.
    log.error({ error }, "an error that nobody caught; ending");
    process.exit(exitCodes.fault);
  });
}
