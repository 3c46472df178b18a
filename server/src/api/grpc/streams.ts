/**
 * What grpc-js does not tell about a call: the HTTP/2 stream under it, its connection, and its headers as they came. Node publishes
 * every new server stream before grpc-js sees it; there we take note, and give the note to the call through a header of our own.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import diagnostics from "node:diagnostics_channel";
import {
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Duplex } from "node:stream";
import type { Credentials } from "../../ports/principal.ts";
import { type Arrival, arrivalOf } from "../arrival.ts";
import { peerOf } from "../peer.ts";
import { type HeaderNotes, takeHeaders } from "./request-headers.ts";

/** One connection: who is at its other end, and which of its streams are open. */
export type GrpcConnection = {
  readonly peer: string;
  readonly arrival: Arrival;
  readonly streams: Set<ServerHttp2Stream>;
  hasWindow: boolean;
};

/**
 * Whether a connection has more streams open than that. One that HTTP/2 has closed is open no more, although Node says so a moment later:
 * a client that has seen its end may begin another one at once.
 */
export function hasMoreStreams({ streams }: GrpcConnection, max: number): boolean {
  if (streams.size <= max) return false;
  let open = 0;
  for (const stream of streams) if (!stream.closed) open += 1;
  return open > max;
}

/** What was seen of a call when its stream began. */
export type StreamNote = Omit<HeaderNotes, "authorization"> & {
  readonly stream: ServerHttp2Stream;
  readonly connection: GrpcConnection;
  authorization: Credentials["authorization"];
};

/** Takes note of the streams of one server's connections. */
export interface GrpcStreams {
  /** Runs `inject`, which must hand `connection` to HTTP/2; streams of it are noted from then on. */
  adopt(connection: Duplex, inject: (connection: Duplex) => void): void;
  /** The note of a call by its ticket, once. */
  redeem(ticket: string | undefined): StreamNote | undefined;
  /** The same, which stays to be redeemed. */
  look(ticket: string): StreamNote | undefined;
  /** Stops taking notes. */
  close(): void;
}

/** The header that carries the ticket from here to the call. Overwritten, so no client can set it. */
export const ticketHeader = "stem-stream-ticket";

const channel = "http2.server.stream.start";

/** What taking notes needs. */
export type GrpcStreamsDeps = {
  /** Tells the paths of our methods. */
  readonly isKnownPath: (path: string) => boolean;
  /** How much unread a connection takes. */
  readonly windowBytes: number;
  /** Told of each connection when its first stream begins, before anybody serves that. */
  readonly onSession: (session: ServerHttp2Session, connection: GrpcConnection) => void;
};

/** Starts to take notes. */
export function createGrpcStreams({ isKnownPath, windowBytes, onSession }: GrpcStreamsDeps): GrpcStreams {
  // The channel tells about every HTTP/2 server of the process. Streams run in the context in which their connection was adopted,
  // so the ones without it are not ours.
  const adopted = new AsyncLocalStorage<GrpcConnection>();
  const notes = new Map<string, StreamNote>();
  let tickets = 0;

  const onStart = (message: unknown): void => {
    const connection = adopted.getStore();
    if (!connection) return;
    const { stream, headers } = message as { stream: ServerHttp2Stream; headers: IncomingHttpHeaders };
    if (!connection.hasWindow) {
      connection.hasWindow = true;
      widen(stream, windowBytes);
      if (stream.session) onSession(stream.session as ServerHttp2Session, connection);
    }
    const ticket = (++tickets).toString(36);
    connection.streams.add(stream);
    stream.once("close", () => {
      connection.streams.delete(stream);
      notes.delete(ticket);
    });
    notes.set(ticket, { stream, connection, ...takeHeaders(headers, isKnownPath) });
    headers[ticketHeader] = ticket;
  };

  diagnostics.subscribe(channel, onStart);
  return {
    adopt: (connection, inject) =>
      adopted.run(
        { peer: peerOf(connection), arrival: arrivalOf(connection), streams: new Set(), hasWindow: false },
        inject,
        connection,
      ),
    redeem(ticket = "") {
      const note = notes.get(ticket);
      notes.delete(ticket);
      return note;
    },
    look: (ticket) => notes.get(ticket),
    close: () => void diagnostics.unsubscribe(channel, onStart),
  };
}

/** Lets the peer send so much before it waits to be read, on the whole connection and on each of its streams. */
function widen({ session }: ServerHttp2Stream, bytes: number): void {
  session?.setLocalWindowSize(bytes);
  session?.settings({ initialWindowSize: bytes });
}

/** Answers 415 to a call that is not gRPC, which grpc-js would take for it. */
export function refuseMediaType({ stream }: StreamNote): void {
  if (stream.closed || stream.destroyed) return;
  stream.respond({ ":status": constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE }, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
}

/** Resets a call whose headers HTTP/2 calls malformed. */
export function cutMalformed({ stream }: StreamNote): void {
  if (!stream.destroyed) stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
}

/** Cuts a call whose caller stopped reading: behind unread messages no status would reach it. gRPC clients call this RESOURCE_EXHAUSTED. */
export function cutStalled({ stream }: StreamNote): void {
  if (!stream.destroyed) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
