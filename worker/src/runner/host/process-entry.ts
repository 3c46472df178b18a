/** What runs inside a child process: an attempt or a batch at a time, over the channel to the worker. */

import { type CrossedError, packError } from "../bridge/crossing-errors.ts";
import type { FromHost, HostRequest, ToHost } from "../bridge/messages.ts";
import { HostedRun } from "./hosted-run.ts";

/** What the worker says to the process. `number` tells what it runs apart. */
export type ToProcess =
  | { readonly kind: "run"; readonly number: number; readonly request: HostRequest }
  | { readonly kind: "say"; readonly number: number; readonly message: ToHost };

/** What the process says. `crashed`: its last words. */
export type FromProcess =
  | { readonly kind: "say"; readonly number: number; readonly message: FromHost }
  | { readonly kind: "crashed"; readonly error: CrossedError };

let current: { readonly number: number; readonly run: HostedRun } | undefined;
let count = 0;

const send = (message: FromProcess, then?: () => void): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => then?.());
};

function begin(number: number, request: HostRequest): void {
  const run = new HostedRun(request, {
    post: (message) => send({ kind: "say", number, message }),
    memoryBytes: () => process.memoryUsage.rss(),
    count,
  });
  count += request.grants.length;
  current = { number, run };
  void run.run();
}

process.on("message", (message: ToProcess) => {
  if (message.kind === "run") begin(message.number, message.request);
  else if (message.number === current?.number) current.run.receive(message.message);
});

// The terminal signals the whole group; when this process ends is for the worker to say.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("SIGQUIT", () => undefined);
// Without its worker nobody would hear of the outcome.
process.on("disconnect", () => process.exit());
process.on("uncaughtException", (error) =>
  send({ kind: "crashed", error: packError(error) }, () => process.exit(1)),
);
