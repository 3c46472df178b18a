/**
 * Looks at the streams of a connection before grpc-js does. Behind TLS a browser speaks HTTP/2, too, and so does curl: there, what is no
 * gRPC goes to the other stack. And where callers are asked who they are, a second authorization is seen, which Node would drop.
 */

import {
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Limits } from "../../model/limits.ts";
import { authorizationIn } from "../callers.ts";
import { cutMalformed, hasMoreStreams, type StreamNote, ticketHeader } from "./streams.ts";

/** A stream that is no gRPC. */
export type OtherStream = {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as they came. */
  readonly rawHeaders: readonly string[];
  readonly note: StreamNote;
};

/** How a connection's streams are divided. */
export type Division = {
  readonly limits: Limits;
  /** The note of a stream by its ticket; it stays for grpc-js's call. */
  readonly noteOf: (ticket: string) => StreamNote | undefined;
  /** Takes a stream that is no gRPC; undefined: all of them go to grpc-js, which refuses it. */
  readonly serveOther: ((other: OtherStream) => void) | undefined;
};

const grpcType = /^application\/grpc(?!-web)/i;

/** Puts itself before those who listen to the streams of `session`. */
export function divideStreams(session: ServerHttp2Session, { limits, noteOf, serveOther }: Division): void {
  const served = session.listeners("stream");
  session.removeAllListeners("stream");
  session.on("stream", (stream, headers, flags, rawHeaders: readonly string[]) => {
    const note = noteOf(String(headers[ticketHeader]));
    if (note) note.authorization = authorizationIn(rawHeaders);
    if (serveOther === undefined || note === undefined || grpcType.test(note.contentType ?? "")) {
      for (const serve of served) serve.call(session, stream, headers, flags, rawHeaders);
      return;
    }
    // A caller that hangs up, or is cut off, is everyday; without a listener it would end the process.
    stream.on("error", () => stream.destroy());
    if (!letIn(note, limits)) return;
    delete headers[ticketHeader];
    if (note.timeout !== undefined) headers["grpc-timeout"] = note.timeout;
    serveOther({ stream, headers, rawHeaders, note });
  });
}

/** Whether a stream keeps within the bounds that gRPC's have, too; one that does not is ended. */
function letIn(note: StreamNote, limits: Limits): boolean {
  const { stream } = note;
  if (note.hasIllegalValue) cutMalformed(note);
  else if (note.headerBytes > limits.metadataBytesMax) {
    stream.respond({ ":status": constants.HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE }, { endStream: true });
    stream.close(constants.NGHTTP2_NO_ERROR);
  } else if (hasMoreStreams(note.connection, limits.streamsPerConnectionMax)) {
    stream.close(constants.NGHTTP2_REFUSED_STREAM);
  } else return true;
  return false;
}
