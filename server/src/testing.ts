/** @stem/server/testing: a server for the tests of whoever uses Stem. The kit's other parts are @stem/sdk/testing and @stem/worker/testing. */

import { createServer, type Server, type ServerLog, type ServerOptions } from "./embedded.ts";

const say = (): void => undefined;
const silence: ServerLog = { debug: say, info: say, warn: say, error: say };

/** A started server in this process: in memory, on no port and silent, unless the options say otherwise. Close it, or `await using` it. */
export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<Server> {
  const server = createServer({ store: "memory:", log: silence, ...options });
  await server.start();
  return server;
}
