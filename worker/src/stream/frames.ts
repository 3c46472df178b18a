/**
 * The frames of a worker's stream as they cross the wire. The two kinds that carry tasks, Grants and Settle, are coded by hand; Connect
 * gets them past its own codec as fields that it does not know. All others are what the generated codec makes of them.
 */

import { fromBinary, toBinary, type UnknownField } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type Empty, EmptySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import {
  type ConnectRequest,
  type ConnectResponse,
  ConnectResponseSchema,
  type Settle,
  WorkerService,
} from "@stem/proto/stem/v1/worker_service_pb";
import { WireCursor } from "@stem/proto/wire/wire-cursor";
import { readGrants } from "./read-grants.ts";
import { writeSettle } from "./write-settle.ts";

/** Opens a stream of frames both ways. */
export type OpenFrames = (
  requests: AsyncIterable<ConnectRequest>,
  signal: AbortSignal,
) => AsyncIterable<ConnectResponse>;

/** To this method every field of a response is one that it does not know. */
const connect = { ...WorkerService.method.connect, output: EmptySchema };

const [echoField, grantsField] = [2, 4];
const settleField = 4;

/** Streams over a transport. */
export const createOpenFrames = (transport: Transport): OpenFrames =>
  async function* frames(requests, signal) {
    const response = await transport.stream(connect, signal, undefined, undefined, requests);
    for await (const message of response.message) yield readFrame(message);
  };

/** Why a stream is aborted on which the server does not do `what`: a reason that tells whoever chooses among servers who is to blame. */
export const silent = (what: string): ConnectError =>
  new ConnectError(`the server does not ${what}`, Code.Unavailable);

/** A Settle frame under its number. */
export const settleFrame = (request: ConnectRequest, { settlements }: Settle): ConnectRequest => ({
  ...request,
  frame: { case: undefined },
  $unknown: [{ no: settleField, wireType: WireType.LengthDelimited, data: writeSettle(settlements) }],
});

function readFrame(message: Empty): ConnectResponse {
  try {
    return readGrantsFrame(message.$unknown ?? []) ?? readAny(message);
  } catch (error) {
    if (error instanceof RangeError) return readAny(message);
    throw error;
  }
}

const readAny = (message: Empty): ConnectResponse =>
  fromBinary(ConnectResponseSchema, toBinary(EmptySchema, message));

function readGrantsFrame(fields: readonly UnknownField[]): ConnectResponse | undefined {
  const grants = fields.find(({ no }) => no === grantsField);
  if (grants === undefined) return undefined;
  const echo = fields.find(({ no }) => no === echoField);
  return {
    $typeName: "stem.v1.ConnectResponse",
    frameSeq: 0n,
    echo: echo === undefined ? 0n : BigInt(new WireCursor(echo.data).varint()),
    frame: { case: "grants", value: readGrants(new WireCursor(grants.data).bytes()) },
  };
}
