import type { ServerUrl } from "../address.ts";
import { type Clock, createSystemClock, type Random, systemRandom } from "../clock.ts";
import { reachOf, type TlsOptions, type TokenSource } from "../credentials.ts";
import type { Logger } from "../log.ts";
import { type Channel, type Dial, openChannel } from "../transport.ts";
import { ServerPool } from "./pool.ts";
import { openPooledChannel } from "./transport.ts";

/** How to choose among several servers. */
export type FailoverOptions = {
  /**
   * A server that was away and is well again is used as before after a random part of this time, so that its clients do not all come at
   * once. Default 10 s, at most 1 h; 0: at once.
   */
  readonly returnWithinMs?: number;
};

/** Where servers are, and what to show them. */
export type ServerAccess = {
  /**
   * `http://host:port`, `https://host:port`, or `host:port`. Several servers of one store: `a:7836,b:7836`, or a list; the client spreads
   * over them, and goes on at another where one is away. Default http://127.0.0.1:7836, with `tls` https.
   */
  readonly url?: ServerUrl | undefined;
  /** How to choose among several servers. */
  readonly failover?: FailoverOptions | undefined;
  /**
   * Opens each connection, in place of a socket to `url`: `connect({ dial: server.dial })` for a server of @stem/server in this process.
   */
  readonly dial?: Dial | undefined;
  /** Who we are, for servers that ask: their token for us. Never logged, and in no error. */
  readonly token?: TokenSource | undefined;
  /** Which certificates to trust, and which to show. Not needed for servers whose certificates this machine trusts. */
  readonly tls?: TlsOptions | undefined;
};

/** What is told of several servers. */
export type ServerMoves = {
  /** Calls `run` when what begins from now on goes to another server than before. */
  readonly onMove: (run: () => void) => void;
  /** Whether one is known to serve. */
  readonly hasOther: () => boolean;
};

/** The servers of a client or a worker. */
export type Servers = {
  /** Opens another connection, to whichever server is used. */
  readonly open: () => Channel;
  /** undefined: there is one server only. */
  readonly moves: ServerMoves | undefined;
  /** Ends all connections. */
  readonly close: () => void;
};

/** Where the servers are, and what reaching them needs. */
export type ServersOptions = ServerAccess & {
  readonly log: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Default: the machine's. */
  readonly random?: Random;
};

const returnWithinMsMax = 3_600_000;

/** Puts together how servers are reached: one as it always was, several as a pool. Nothing is sent before the first call. */
export function createServers(options: ServersOptions): Servers {
  const { dial, token, tls, log, clock, random = systemRandom } = options;
  const urls = reachOf(options, log);
  const returnWithinMs = returnWithinMsOf(options);
  const channels: Channel[] = [];
  const kept = (channel: Channel): Channel => {
    channels.push(channel);
    return channel;
  };
  const closeAll = (): void => {
    for (const channel of channels) channel.close();
  };
  const channelTo = (baseUrl: string): Channel => openChannel(baseUrl, { dial, token, tls });
  const [first] = urls;
  if (first !== undefined && urls.length === 1)
    return { open: () => kept(channelTo(first)), moves: undefined, close: closeAll };
  if (dial) throw new TypeError(`dial leads to one server; url names ${urls.length}`);
  const pool = new ServerPool(urls, {
    ...{ dial: channelTo, random, log, returnWithinMs },
    clock: clock ?? createSystemClock(),
    background: clock ?? createSystemClock({ background: true }),
  });
  return {
    open: () => kept(openPooledChannel(pool, channelTo)),
    moves: { onMove: (run) => pool.onMove(run), hasOther: () => pool.hasOther() },
    close() {
      pool.close();
      closeAll();
    },
  };
}

function returnWithinMsOf({ failover: { returnWithinMs = 10_000 } = {} }: ServersOptions): number {
  if (returnWithinMs >= 0 && returnWithinMs <= returnWithinMsMax) return returnWithinMs;
  throw new RangeError(`failover.returnWithinMs must be between 0 and 1 h; it is ${returnWithinMs}`);
}
