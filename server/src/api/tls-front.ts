/**
 * TLS before the two stacks: what comes through the port is decrypted here, and goes on as if it had come in plain, but for what ALPN and
 * the client's certificate have said. The certificate in use can be replaced at any time: handshakes that begin later get the new one,
 * connections that are open notice nothing.
 */

import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type TLSSocket } from "node:tls";
import type { Kept } from "../lib/kept.ts";
import { createSparing } from "../lib/sparing.ts";
import { handshakeFacts, type TlsFiles, type TlsMaterial } from "../lib/tls-files.ts";
import type { Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import { type Arrival, plainArrival } from "./arrival.ts";
import { certificateName } from "./certificate-name.ts";
import { peerOf } from "./peer.ts";

/** TLS as the server was told to speak it. */
export type ServerTls = {
  /** Our certificate and key, and the certificates that those of clients are checked against. */
  readonly material: Kept<TlsMaterial>;
  /** Where they are, for the log. */
  readonly files: TlsFiles;
  /** Whether a client must have a certificate, may have one, or is not asked. A wrong one ends the handshake in any case. */
  readonly clientCertificates: "require" | "request" | "none";
};

/** What the front needs. */
export type TlsFrontDeps = {
  readonly tls: ServerTls;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
};

/** A connection that is through its handshake. */
export type Secured = {
  readonly connection: TLSSocket;
  readonly arrival: Arrival;
  /** What client and server agreed on; a client that does not ask speaks HTTP/1.1. */
  readonly protocol: "http1" | "http2";
};

/** Does handshakes. */
export interface TlsFront {
  /** Begins a handshake on a connection; `done` hears of it if it ends well within `prefaceMsMax`, else the connection is destroyed. */
  secure(socket: Socket, done: (secured: Secured) => void): void;
}

type Handshake = {
  readonly peer: string;
  readonly at: { readonly host: string; readonly port: number };
  readonly done: (secured: Secured) => void;
  cancelTimer: () => void;
  isOver: boolean;
};

/** Of failures that strangers can cause as often as they like, so many are logged at once, and then one in so long. */
const failuresLogged = { burst: 10, everyMs: 10_000 } as const;

/** Makes a front that nobody has come to. */
export function createTlsFront({ tls, clock, log, limits }: TlsFrontDeps): TlsFront {
  const { material, files, clientCertificates } = tls;
  const handshakes = new WeakMap<Socket, Handshake>();
  // tls.Server does not say which connection it encrypts; Node keeps it where it keeps that of any socket upon another.
  const handshakeOf = (connection: TLSSocket): Handshake | undefined =>
    handshakes.get((connection as unknown as { readonly _parent: Socket })["_parent"]);
  const sparing = createSparing(failuresLogged);
  const server = createServer({
    ...contextOf(material.current),
    ALPNProtocols: ["h2", "http/1.1"],
    requestCert: clientCertificates !== "none",
    rejectUnauthorized: clientCertificates === "require",
  });
  material.follow((renewed) => server.setSecureContext(contextOf(renewed)));

  function fail(handshake: Handshake, cause: unknown): void {
    if (handshake.isOver) return;
    handshake.isOver = true;
    handshake.cancelTimer();
    const { peer, at } = handshake;
    const facts = { ...handshakeFacts({ component: "server port", ...at, files, cause }), peer };
    const text = "a TLS handshake failed";
    // Whoever only looks whether the port is open, such as a load balancer, sends nothing and goes.
    if (isReset(cause)) return void log.debug(facts, text);
    const { isSaid, unsaid } = sparing.ask(clock.now());
    if (isSaid) log.warn({ ...facts, unsaid }, text);
  }

  server.on("secureConnection", (connection) => {
    const handshake = handshakeOf(connection);
    if (handshake === undefined || handshake.isOver) return void connection.destroy();
    const client = clientOf(connection);
    if (client.fault !== undefined) {
      fail(handshake, client.fault);
      return void connection.destroy();
    }
    handshake.isOver = true;
    handshake.cancelTimer();
    handshake.done({
      connection,
      arrival: { ...plainArrival, isEncrypted: true, certificate: client.name },
      protocol: connection.alpnProtocol === "h2" ? "http2" : "http1",
    });
  });
  server.on("tlsClientError", (error, connection) => {
    const handshake = handshakeOf(connection);
    // Where Node turned a certificate away, its own error says no more than that the connection ended.
    if (handshake) fail(handshake, textOf(connection.authorizationError) ?? error);
  });

  return {
    secure(socket, done) {
      const at = { host: socket.localAddress ?? "", port: socket.localPort ?? 0 };
      const handshake: Handshake = {
        ...{ peer: peerOf(socket), at, done },
        ...{ cancelTimer: () => undefined, isOver: false },
      };
      handshakes.set(socket, handshake);
      const limitMs = limits.prefaceMsMax;
      handshake.cancelTimer = clock.after(limitMs, () => {
        fail(handshake, `it was not over after ${limitMs} ms`);
        socket.destroy();
      });
      socket.once("close", () => handshake.cancelTimer());
      server.emit("connection", socket);
    },
  };
}

/** Who a handshake has shown the client to be, or what is wrong with the certificate that it showed. */
function clientOf(connection: TLSSocket): { readonly name?: string; readonly fault?: string } {
  if (connection.getPeerX509Certificate() === undefined) return {};
  const name = certificateName(connection.getPeerCertificate());
  if (!connection.authorized) return { fault: textOf(connection.authorizationError) ?? "not authorized" };
  return name === undefined ? { fault: "the client's certificate has no name that can be used" } : { name };
}

const isReset = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ECONNRESET";

/** Typed as an Error, and in fact a code such as CERT_HAS_EXPIRED. */
const textOf = (code: unknown): string | undefined => (code ? String(code) : undefined);

/** Each context has keys of its own for resuming sessions: whoever was let in by an older one shows its certificate again. */
const contextOf = (material: TlsMaterial): SecureContextOptions => ({ ...material, minVersion: "TLSv1.2" });
