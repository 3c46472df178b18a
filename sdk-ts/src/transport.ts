import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

/** One HTTP/2 connection to a server, opened by its first call and again after each loss. */
export type Channel = {
  readonly transport: Transport;
  /** Ends the connection and whatever still runs on it. */
  close(): void;
};

// Both ends notice a dead peer within 15 s, so that nobody waits for an answer that cannot come.
const keepalive = { pingIntervalMs: 10_000, pingTimeoutMs: 5000 } as const;

// Larger than any message the server sends: a task of 2 MiB with a result of 2 MiB, and room.
const readMaxBytes = 16 * 1024 * 1024;

/** Makes a channel; nothing is sent before the first call. */
export function openChannel(baseUrl: string): Channel {
  const sessionManager = new Http2SessionManager(baseUrl, keepalive);
  return {
    transport: createGrpcTransport({ baseUrl, sessionManager, acceptCompression: [], readMaxBytes }),
    close: () => sessionManager.abort(),
  };
}
