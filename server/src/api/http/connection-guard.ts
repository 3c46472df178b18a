/**
 * Bounds what one HTTP/1.1 connection may do. An http.Server that does not listen itself enforces none of its own time-outs and closes
 * nothing, so they are ours: for the head of each request, for its body, and for an answer that nobody reads.
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Limits } from "../../model/limits.ts";
import type { Clock } from "../../ports/clock.ts";

/** The connections of one server. */
export interface ConnectionGuard {
  /** Serves a connection, guarded. */
  adopt(connection: Duplex): void;
  /** Closes connections that wait for a request, and the others after their answers. */
  drain(): void;
}

type Guarded = { openRequests: number; cancelHeadTimer: (() => void) | undefined };

/** Puts a guard before `server`. */
export function guardConnections(
  server: Server,
  { clock, limits }: { readonly clock: Clock; readonly limits: Limits },
): ConnectionGuard {
  const guarded = new Map<Duplex, Guarded>();
  let isDraining = false;

  const awaitHead = (connection: Duplex, state: Guarded): void => {
    state.cancelHeadTimer = clock.after(limits.prefaceMsMax, () => connection.destroy());
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = request.socket;
    const state = guarded.get(connection);
    if (!state) return;
    state.cancelHeadTimer?.();
    state.openRequests += 1;
    // Requests may be sent ahead of their answers; the bound is that of HTTP/2 streams.
    if (state.openRequests > limits.streamsPerConnectionMax) return void connection.destroy();
    if (isDraining) response.shouldKeepAlive = false;
    const cancelBodyTimer = clock.after(limits.unaryMsMax, () => {
      if (!request.complete) connection.destroy();
    });
    response.once("close", () => {
      cancelBodyTimer();
      state.openRequests -= 1;
      if (state.openRequests > 0 || connection.destroyed) return;
      if (isDraining) connection.end();
      else awaitHead(connection, state);
    });
  };

  // Node's timer sees reads and writes go on or not; what it cannot know is that a quiet stream is no stalled one.
  server.timeout = limits.streamStalledMsMax;
  server.on("timeout", (socket) => {
    if (socket.writableLength > 0) socket.destroy();
  });
  server.keepAliveTimeout = 0;
  server.prependListener("request", onRequest);
  return {
    adopt(connection) {
      const state: Guarded = { openRequests: 0, cancelHeadTimer: undefined };
      guarded.set(connection, state);
      connection.once("close", () => {
        state.cancelHeadTimer?.();
        guarded.delete(connection);
      });
      awaitHead(connection, state);
      server.emit("connection", connection);
    },
    drain() {
      isDraining = true;
      for (const [connection, { openRequests }] of guarded) if (openRequests === 0) connection.destroy();
    },
  };
}
