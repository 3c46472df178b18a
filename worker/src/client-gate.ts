import type { StemClient } from "@stem/sdk";
import { type ClientGate, gateOf } from "@stem/sdk/internal";

/** What is behind a worker's client, for what asks the server in the place of a handler. Throws a TypeError for one that `connect` did not make. */
export function gateFor(client: StemClient): ClientGate {
  const gate = gateOf(client);
  if (gate === undefined)
    throw new TypeError(
      "threads, child processes and ctx.place() ask through a client that connect() made; options.client is another",
    );
  return gate;
}
