import type { ServiceEntry } from "../../server/src/api/call.ts";
import { everybody } from "../../server/src/api/callers.ts";
import { createGrpcStack } from "../../server/src/api/grpc/grpc.ts";
import { createHttpStack } from "../../server/src/api/http/http.ts";
import { createInterceptors } from "../../server/src/api/interceptors/interceptors.ts";
import { createListener } from "../../server/src/api/listener.ts";
import { routesOf } from "../../server/src/api/route.ts";
import { createSystemClock } from "../../server/src/lib/system-clock.ts";
import type { Instant } from "../../server/src/model/ids.ts";
import { type Limits, limits as standard } from "../../server/src/model/limits.ts";
import { createRecordingLog, type RecordingLog } from "./recording-log.ts";

/** Handlers served on a real port by both stacks, without the rooms behind them. */
export type ServedRoutes = {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly log: RecordingLog;
  /** Ends streams as a closing server does. */
  readonly closing: AbortController;
  close(): Promise<void>;
};

/** Serves `entries` as createApi serves its services. `limits` make waits short. */
export async function serveRoutes(
  entries: readonly ServiceEntry[],
  limits: Partial<Limits> = {},
): Promise<ServedRoutes> {
  const log = createRecordingLog();
  const closing = new AbortController();
  let calls = 0;
  const deps = {
    clock: createSystemClock<Instant>(),
    limits: { ...standard, ...limits },
    log,
    nextRequestId: () => `call-${++calls}`,
    callers: everybody,
  };
  const routes = routesOf(entries, createInterceptors({ ...deps, closing: closing.signal }));
  const http = createHttpStack({ ...deps, routes, isReady: () => !closing.signal.aborted });
  const grpc = createGrpcStack({ ...deps, routes, serveOther: http.serveStream });
  const listener = createListener({
    clock: deps.clock,
    prefaceMsMax: deps.limits.prefaceMsMax,
    http1: http,
    http2: grpc,
    tls: undefined,
  });
  const address = await listener.listen({ host: "127.0.0.1", port: 0 });
  return {
    ...address,
    url: `http://${address.host}:${address.port}`,
    log,
    closing,
    async close() {
      listener.closePort();
      grpc.close();
      await listener.closeConnections(0);
    },
  };
}
