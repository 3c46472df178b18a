import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import type { Channel } from "../transport.ts";
import type { PooledServer, ServerPool } from "./pool.ts";

/**
 * A transport over all servers of a pool: each call and each stream goes to the server that is used when it begins, over one
 * connection a server. What failed is not repeated here; whoever repeats it finds the next server.
 */
export function openPooledChannel(
  pool: Pick<ServerPool, "pick" | "failed">,
  dial: (url: string) => Channel,
): Channel {
  const channels = new Map<string, Channel>();
  const transportTo = ({ url }: PooledServer): Transport => {
    const channel = channels.get(url) ?? dial(url);
    channels.set(url, channel);
    return channel.transport;
  };
  /** Whoever ends a call because the server is silent says so with a ConnectError for a reason. */
  const blamed = (reason: unknown, server: PooledServer): ConnectError | undefined =>
    reason instanceof ConnectError ? pool.failed(server, reason) : undefined;
  return {
    transport: {
      async unary(method, signal, timeoutMs, ...rest) {
        const server = await pool.pick(signal, timeoutMs);
        try {
          return await transportTo(server).unary(method, signal, timeoutMs, ...rest);
        } catch (error) {
          throw signal?.aborted ? error : pool.failed(server, ConnectError.from(error));
        }
      },
      async stream(method, signal, timeoutMs, ...rest) {
        const server = await pool.pick(signal, timeoutMs);
        // Streams that are also spoken on end in order, by whoever speaks on them.
        const { leaving } = method.methodKind === "server_streaming" ? server : { leaving: undefined };
        const stop = signal && leaving ? AbortSignal.any([signal, leaving]) : (signal ?? leaving);
        const judged = (error: unknown): unknown => {
          if (signal?.aborted) return blamed(signal.reason, server) ?? error;
          if (leaving?.aborted) return movedAway(server);
          return pool.failed(server, ConnectError.from(error));
        };
        try {
          const response = await transportTo(server).stream(method, stop, timeoutMs, ...rest);
          return { ...response, message: rethrown(response.message, judged) };
        } catch (error) {
          throw judged(error);
        }
      },
    },
    close() {
      for (const channel of channels.values()) channel.close();
    },
    unref() {
      for (const channel of channels.values()) channel.unref();
    },
  };
}

const movedAway = ({ url }: PooledServer): ConnectError =>
  new ConnectError(`${url} is about to stop, and another server serves`, Code.Unavailable);

async function* rethrown<Message>(
  messages: AsyncIterable<Message>,
  judged: (error: unknown) => unknown,
): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw judged(error);
  }
}
