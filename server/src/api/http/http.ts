/** The HTTP/1.1 half of the port: Connect and gRPC-Web by connect-node, and the pages for probes. */

import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { universalResponseToNodeResponse } from "@connectrpc/connect-node";
import type { OtherStream } from "../grpc/divided.ts";
import { peerOf } from "../peer.ts";
import { createConnectHandlers } from "./connect-handlers.ts";
import { guardConnections } from "./connection-guard.ts";
import { createStreamServer } from "./encrypted-streams.ts";
import type { HttpDeps } from "./http-deps.ts";
import { callOf } from "./incoming-call.ts";
import type { NodeRequest, NodeResponse } from "./node-call.ts";
import { servePage } from "./pages.ts";
import { explained, recordJson } from "./undecoded.ts";

/** The HTTP/1.1 half of the port. */
export interface HttpStack {
  /** Serves a connection that does not begin with the HTTP/2 preface. */
  serve(connection: Duplex): void;
  /** Serves a stream that is no gRPC, of an encrypted HTTP/2 connection. */
  serveStream(other: OtherStream): void;
  /** Closes connections that wait for a request, and the others after their answers. */
  drain(): void;
}

/** Makes the stack. */
export function createHttpStack(deps: HttpDeps): HttpStack {
  const handlers = new Map(createConnectHandlers(deps).map((handler) => [handler.requestPath, handler]));
  const serveRequest = (request: NodeRequest, response: NodeResponse): void => {
    const handler = handlers.get(String(request.url).split("?", 1)[0] ?? "");
    if (handler) void serveCall(handler, request, response, deps);
    else servePage(request, response, deps.isReady());
  };
  const server = createServer({ maxHeaderSize: deps.limits.metadataBytesMax }, serveRequest);
  const guard = guardConnections(server, deps);
  return {
    serve: (connection) => guard.adopt(connection),
    serveStream: createStreamServer(serveRequest, deps),
    drain: () => guard.drain(),
  };
}

/** Serves one call; never rejects. */
async function serveCall(
  handler: UniversalHandler,
  request: NodeRequest,
  response: NodeResponse,
  deps: HttpDeps,
): Promise<void> {
  // Asked now: an HTTP/2 stream whose connection is gone has no socket any more.
  const peer = peerOf(request.socket);
  const call = callOf(handler, request, response, deps);
  if (!call) {
    response.writeHead(400);
    return void response.end();
  }
  const record = recordJson(call);
  try {
    const answer = await handler(record.call);
    await universalResponseToNodeResponse(explained(answer, handler.method.input, record), response);
  } catch (error) {
    response.destroy();
    // Aborted: the caller hung up, and no one is left to tell.
    if (ConnectError.from(error).code === Code.Aborted) return;
    deps.log.error({ err: error, method: handler.requestPath, peer }, "an answer failed");
  }
}
