import { createRegistry } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { file_google_rpc_error_details } from "@stem/proto/google/rpc/error_details_pb";

/** The ways in, by name: one over HTTP/2, which is grpc-js's, and three over HTTP/1.1, which are Connect's. */
export const wireTransports: readonly (readonly [name: string, open: (baseUrl: string) => Transport])[] = [
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  [
    "Connect with JSON",
    (baseUrl) =>
      createConnectTransport({
        ...{ baseUrl, httpVersion: "1.1", useBinaryFormat: false },
        // Errors inside messages are Any, and JSON spells them out.
        jsonOptions: { registry: createRegistry(file_google_rpc_error_details) },
      }),
  ],
  ["Connect, binary", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["gRPC-Web", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
];

/** A way's name as a part of ids, keys and names, so that each way has its own. */
export const wordOf = (way: string): string => way.toLowerCase().replaceAll(/[^a-z]/g, "");

/** What a call failed with; fails the test when it did not. */
export async function failure(call: Promise<unknown>): Promise<ConnectError> {
  const outcome = await call.then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
  if ("answer" in outcome) throw new Error(`the call succeeded: ${String(outcome.answer)}`);
  return ConnectError.from(outcome.error);
}
