import type { Duplex } from "node:stream";
import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { TlsOptions, TokenSource } from "./credentials.ts";

/** One HTTP/2 connection to a server, opened by its first call and again after each loss. */
export type Channel = {
  readonly transport: Transport;
  /** Ends the connection and whatever still runs on it. */
  close(): void;
  /** From now on what is open on it keeps no process alive. */
  unref(): void;
};

// Both ends notice a dead peer within 15 s, so that nobody waits for an answer that cannot come.
const keepalive = { pingIntervalMs: 10_000, pingTimeoutMs: 5000 } as const;

// Larger than any message the server sends: a task of 2 MiB with a result of 2 MiB, and room.
const readMaxBytes = 16 * 1024 * 1024;

// HTTP/2 begins with 64 KiB, for a stream and for all of a connection: a frame of several hundred tasks would come in instalments, each
// asked for when half of the one before was read.
const windowBytes = 1024 * 1024;

/** Sessions that let the server send a whole frame at once. */
class WideSessionManager extends Http2SessionManager {
  readonly #wide = new WeakSet<object>();
  holdsProcess = true;

  override async request(...how: Parameters<Http2SessionManager["request"]>) {
    const stream = await super.request(...how);
    const { session } = stream;
    if (session !== undefined && !this.#wide.has(session)) {
      this.#wide.add(session);
      session.setLocalWindowSize(windowBytes);
      // A session that broke off tells its streams first. Where one of them is opened anew before it tells of itself, the manager has
      // stopped listening by then, and an error that nobody hears ends the process.
      session.on("error", () => undefined);
    }
    // With the first of its streams a session had begun to hold it.
    if (!this.holdsProcess) session?.unref();
    return stream;
  }
}

/** A connection to a server: a Duplex of `node:stream`. Said so briefly because users may compile without Node's types. */
export type Connection = {
  readonly readable: boolean;
  readonly writable: boolean;
  destroy(error?: Error): unknown;
};

/** Opens a connection to a server by other means than a socket. Called again after each loss. */
export type Dial = () => Connection;

/** How a channel connects, and what it shows of itself. */
export type ChannelOptions = {
  /** Connects in place of a socket. */
  readonly dial?: Dial | undefined;
  readonly token?: TokenSource | undefined;
  readonly tls?: TlsOptions | undefined;
};

/** Makes a channel; nothing is sent before the first call. */
export function openChannel(baseUrl: string, { dial, token, tls }: ChannelOptions = {}): Channel {
  const sessionManager = new WideSessionManager(baseUrl, keepalive, {
    ...tls,
    settings: { initialWindowSize: windowBytes },
    ...(dial && { createConnection: () => dial() as Duplex }),
  });
  const interceptors = token === undefined ? [] : [bearing(token)];
  return {
    transport: createGrpcTransport({
      ...{ baseUrl, sessionManager, interceptors, acceptCompression: [], readMaxBytes },
    }),
    close: () => sessionManager.abort(),
    unref: () => {
      sessionManager.holdsProcess = false;
    },
  };
}

/** Sends the token with each call, as it is then. */
const bearing =
  (token: TokenSource): Interceptor =>
  (next) =>
  async (request) => {
    request.header.set("authorization", `Bearer ${typeof token === "string" ? token : await token()}`);
    return next(request);
  };
