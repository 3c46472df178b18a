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

// Unread bytes that a connection takes. With HTTP/2's 64 KiB the server would stop and wait several times in a batch of tasks.
const windowBytes = 1024 * 1024;

/** Makes a channel; nothing is sent before the first call. */
export function openChannel(baseUrl: string): Channel {
  const settings = { initialWindowSize: windowBytes };
  const connection = new Http2SessionManager(baseUrl, keepalive, { settings });
  const sessionManager = withWindow(connection);
  return {
    transport: createGrpcTransport({ baseUrl, sessionManager, acceptCompression: [], readMaxBytes }),
    close: () => connection.abort(),
  };
}

/** What a transport asks of its connections. */
type Connections = Pick<Http2SessionManager, "authority" | "request" | "notifyResponseByteRead">;

/** Widens each connection as a whole, which its settings cannot: those are about its streams. */
function withWindow(manager: Connections): Connections {
  const widened = new WeakSet<object>();
  return {
    authority: manager.authority,
    notifyResponseByteRead: (stream) => manager.notifyResponseByteRead(stream),
    async request(...call) {
      const stream = await manager.request(...call);
      const { session } = stream;
      if (session !== undefined && !widened.has(session)) {
        widened.add(session);
        session.setLocalWindowSize(windowBytes);
      }
      return stream;
    },
  };
}
