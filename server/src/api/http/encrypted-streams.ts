/** HTTP/2 for whoever does not speak gRPC, such as browsers: each stream is a request like any other. Only behind TLS; see grpc/divided.ts. */

import { constants, createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { Limits } from "../../model/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import { noteArrival } from "../arrival.ts";
import type { OtherStream } from "../grpc/divided.ts";

/** Serves requests as http.Server does. */
export type ServeRequest = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** Makes what takes streams; `serve` gets their requests, within the bounds that HTTP/1.1 has, too. */
export function createStreamServer(
  serve: ServeRequest,
  { clock, limits }: { readonly clock: Clock; readonly limits: Limits },
): (other: OtherStream) => void {
  // It never listens: streams come to it from connections that others have opened.
  const server = createServer(serve);
  return ({ stream, headers, rawHeaders, note }) => {
    noteArrival(stream, note.connection.arrival);
    const cancelBodyTimer = clock.after(limits.unaryMsMax, () => {
      if (!stream.readableEnded) stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.once("close", cancelBodyTimer);
    // Node's timer sees reads and writes go on or not; what it cannot know is that a quiet stream is no stalled one.
    stream.setTimeout(limits.streamStalledMsMax, () => {
      if (stream.writableLength > 0) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    });
    server.emit("stream", stream, headers, 0, rawHeaders);
  };
}
