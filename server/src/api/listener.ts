/** One port for everything: each connection is held until its protocol is certain, and then belongs to one of two stacks. */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../ports/clock.ts";
import { type Arrival, inProcessArrival, noteArrival, plainArrival } from "./arrival.ts";
import { awaitProtocol } from "./preface.ts";
import type { TlsFront } from "./tls-front.ts";

/** Where to listen, or where a server listens. */
export type Address = { readonly host: string; readonly port: number };

/** Serves connections of one protocol. */
export type Stack = { serve(connection: Duplex): void };

/** What the listener needs. */
export type ListenerDeps = {
  readonly clock: Clock;
  /** How long a connection may leave its protocol open. */
  readonly prefaceMsMax: number;
  readonly http1: Stack;
  readonly http2: Stack;
  /** Decrypts what comes through the port; undefined: it comes in plain. */
  readonly tls: TlsFront | undefined;
};

/** The port, and every connection that came through it or was put in. */
export interface Listener {
  /** Opens the port; resolves with the address in use, its port chosen by the system where 0 was asked for. */
  listen(at: Address): Promise<Address>;
  /** Serves a connection from elsewhere. */
  inject(connection: Duplex): void;
  /** Stops taking connections. Those that are open stay. */
  closePort(): void;
  /** Resolves when no connection is left, or after `graceMs` cuts those that are. */
  closeConnections(graceMs: number): Promise<void>;
}

/** Makes a listener; it listens nowhere yet. */
export function createListener({ clock, prefaceMsMax, http1, http2, tls }: ListenerDeps): Listener {
  const connections = new Set<Duplex>();
  let isClosed = false;
  let onEmpty: (() => void) | undefined;

  const watch = (connection: Duplex): void => {
    connections.add(connection);
    connection.once("close", () => {
      connections.delete(connection);
      if (connections.size === 0) onEmpty?.();
    });
    // A reset by the peer is everyday; without a listener it would end the process.
    connection.on("error", () => connection.destroy());
  };

  /** Serves a connection; one on which a protocol was agreed must speak that. */
  const take = (connection: Duplex, arrival: Arrival, agreed?: "http1" | "http2"): void => {
    if (isClosed) return void connection.destroy();
    watch(connection);
    noteArrival(connection, arrival);
    const stacks = { http1, http2 };
    awaitProtocol(
      connection,
      (protocol) => {
        if (agreed !== undefined && protocol !== agreed) connection.destroy();
        else stacks[protocol].serve(connection);
      },
      { clock, limitMs: prefaceMsMax },
    );
  };

  const arrive = (socket: Socket): void => {
    if (tls === undefined) return void take(socket, plainArrival);
    if (isClosed) return void socket.destroy();
    watch(socket);
    tls.secure(socket, ({ connection, arrival, protocol }) => take(connection, arrival, protocol));
  };

  // Half-open, because an HTTP/1.1 client may finish sending long before its answer comes. Not so in TLS, where nobody does that, and
  // where a client that goes in the middle of a handshake would stay.
  const server = createServer({ allowHalfOpen: tls === undefined, noDelay: true }, arrive);
  return {
    listen: (at) => listenOn(server, at),
    inject: (connection) => take(connection, inProcessArrival),
    closePort() {
      isClosed = true;
      if (server.listening) server.close();
    },
    async closeConnections(graceMs) {
      if (connections.size === 0) return;
      const cancelTimer = clock.after(graceMs, () => {
        for (const connection of connections) connection.destroy();
      });
      await new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      cancelTimer();
    },
  };
}

function listenOn(server: Server, { host, port }: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      // Later errors concern one connection that could not be taken, such as too many open files; the port goes on.
      server.on("error", () => undefined);
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}
