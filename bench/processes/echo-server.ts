// The least that a grpc-js server can do with the worker stream's frames: hand out a canned task as far as the credit goes, decode
// settlements, answer them. No sessions, no tokens, no checks: what our server is measured against.

import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { type Grant, GrantSchema } from "@stem/proto/stem/v1/lease_pb";
import {
  type ConnectRequest,
  type ConnectResponse,
  ConnectResponseSchema,
  GrantsSchema,
  SettledSchema,
  WelcomeSchema,
} from "@stem/proto/stem/v1/worker_service_pb";
import { settings, tell } from "../support/child.ts";
import { connectMethod } from "../support/raw-stream.ts";
import { payload } from "../support/tasks.ts";

const { count } = settings<{ count: number }>();
/** As many as our server puts into one frame. */
const grantsPerFrame = 500;

function grantOf(i: number): Grant {
  return create(GrantSchema, {
    leaseToken: new Uint8Array(86),
    taskId: `0193e0c6-0000-7000-8000-${i.toString().padStart(12, "0")}`,
    queue: "default",
    task: { name: "noop", args: { data: { case: "json", value: JSON.stringify([payload(i)]) } } },
    fence: { epoch: 1_764_000_000_000n, seq: BigInt(i) },
    attempt: 1,
    maxAttempts: 4,
    delivery: 1,
    createTime: { seconds: 1_764_000_000n, nanos: 0 },
  });
}

const server = new grpc.Server({ "grpc.max_receive_message_length": 8 << 20 });
server.addService(
  { connect: connectMethod },
  {
    connect: (call: grpc.ServerDuplexStream<ConnectRequest, ConnectResponse>) => {
      let frameSeq = 0n;
      let given = 0;
      const send = (echo: bigint, frame: ConnectResponse["frame"]): void => {
        frameSeq += 1n;
        call.write(create(ConnectResponseSchema, { frameSeq, echo, frame }));
      };
      const grantUpTo = (echo: bigint, seq: number): void => {
        while (given < Math.min(count, seq)) {
          const size = Math.min(grantsPerFrame, count - given, seq - given);
          const grants = Array.from({ length: size }, (_, i) => grantOf(given + i));
          send(echo, {
            case: "grants",
            value: create(GrantsSchema, { firstSeq: BigInt(given + 1), grants }),
          });
          given += size;
        }
      };
      call.on("data", ({ frameSeq: echo, frame }: ConnectRequest) => {
        if (frame.case === "hello") send(echo, { case: "welcome", value: create(WelcomeSchema) });
        else if (frame.case === "credit") grantUpTo(echo, Number(frame.value.seenSeq + frame.value.credit));
        else if (frame.case === "settle") {
          send(echo, { case: "settled", value: create(SettledSchema, { frameSeq: echo }) });
        }
      });
      call.on("error", () => undefined);
      call.on("end", () => call.end());
    },
  },
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  tell({ address: `127.0.0.1:${port}` });
});
process.once("SIGTERM", () => process.exit(0));
