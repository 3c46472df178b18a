/**
 * The api: everything that speaks to the outside. It converts and calls; it never decides what becomes of a task. One port carries two
 * stacks (grpc/ on HTTP/2, http/ on HTTP/1.1), which serve the same handlers (services/, worker-stream/) through the same interceptors.
 * Read on in listener.ts for connections, router.ts for services, problem-table.ts for errors.
 */

import type { Duplex } from "node:stream";
import type { Auth } from "../auth/auth.ts";
import type { Random } from "../ports/random.ts";
import { createCallers, everybody } from "./callers.ts";
import { createGrpcStack } from "./grpc/grpc.ts";
import { createHttpStack } from "./http/http.ts";
import { createInterceptors } from "./interceptors/interceptors.ts";
import { type Address, createListener } from "./listener.ts";
import { routesOf } from "./route.ts";
import { createServices, type RouterDeps } from "./router.ts";
import { createTlsFront, type ServerTls } from "./tls-front.ts";

export type { ServerFacts } from "./convert/server-info.ts";
export {
  createAssemble,
  createGrowthFailure,
  createInboxLoop,
  createReadTarget,
  isSameTarget,
  markFamily,
  markSlot,
} from "./lent.ts";
export type { Address } from "./listener.ts";
export type { ServerTls } from "./tls-front.ts";

/** What the api needs. */
export type ApiDeps = Omit<RouterDeps, "draining" | "pageTokenKey"> & {
  readonly random: Random;
  /** Signs page tokens; at least 16 secret bytes. Without: made anew at each start, and older tokens are refused. */
  readonly pageTokenKey?: Uint8Array;
  /** Knows who calls. Without: nobody is asked. */
  readonly auth?: Auth | undefined;
  /** How the port speaks TLS. Without: it does not. */
  readonly tls?: ServerTls | undefined;
};

/** The running api. */
export interface Api {
  /** Opens the port; resolves with the address in use. Rejects when it cannot be had. */
  listen(at: Address): Promise<Address>;
  /** Serves one connection that did not come through the port, such as one end of a pair of streams in a test. */
  inject(connection: Duplex): void;
  /**
   * Takes no new work and says so: DRAINING to producers, Drain to workers, NOT_SERVING to probes. Connections stay and what runs can
   * still be settled. Idempotent.
   */
  drain(): void;
  /**
   * Closes the port, ends streams with DRAINING, lets other calls under way finish for up to `graceMs` (default 0), then cuts every
   * connection. Resolves when none is left. Idempotent.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

const keyBytes = 32;

/** Makes the api; it listens nowhere until it is told to. */
export function createApi(deps: ApiDeps): Api {
  const draining = new AbortController();
  const closing = new AbortController();
  const pageTokenKey = deps.pageTokenKey ?? deps.random.bytes(keyBytes);
  const services = createServices({ ...deps, pageTokenKey, draining: draining.signal });
  const { auth, tls } = deps;
  const routes = routesOf(services, createInterceptors({ ...deps, closing: closing.signal }));
  const callers = auth ? createCallers(auth, deps) : everybody;
  const shared = { ...deps, routes, callers, nextRequestId: createRequestIds(deps.random) };
  const http = createHttpStack({ ...shared, isReady: () => !draining.signal.aborted });
  const grpc = createGrpcStack({ ...shared, serveOther: http.serveStream });
  const { clock, limits } = deps;
  const listener = createListener({
    ...{ clock, prefaceMsMax: limits.prefaceMsMax, http1: http, http2: grpc },
    tls: tls && createTlsFront({ ...deps, tls }),
  });

  const drain = (): void => {
    if (draining.signal.aborted) return;
    deps.broker.drain();
    draining.abort();
  };
  const close = async (graceMs: number): Promise<void> => {
    drain();
    closing.abort();
    listener.closePort();
    http.drain();
    grpc.drain(graceMs);
    await listener.closeConnections(graceMs);
    grpc.close();
  };
  let closed: Promise<void> | undefined;
  return {
    listen: (at) => listener.listen(at),
    inject: (connection) => listener.inject(connection),
    drain,
    close({ graceMs = 0 } = {}) {
      closed ??= close(graceMs);
      return closed;
    },
  };
}

/** Names for calls: unique among servers by their beginning, and within one by counting. */
function createRequestIds(random: Random): () => string {
  const server = Buffer.from(random.bytes(6)).toString("base64url");
  let calls = 0;
  return () => `${server}-${(++calls).toString(36)}`;
}
