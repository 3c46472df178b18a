import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { SettlementSchema } from "@stem/proto/stem/v1/lease_pb";
import {
  type ConnectRequest,
  ConnectRequestSchema,
  type ConnectResponse,
  ConnectResponseSchema,
  CreditSchema,
  type Grants,
  HelloSchema,
  SettleSchema,
  WorkerService,
} from "@stem/proto/stem/v1/worker_service_pb";

/** The Connect method for plain grpc-js, with the generated codecs. */
export const connectMethod: grpc.MethodDefinition<ConnectRequest, ConnectResponse> = {
  path: `/${WorkerService.typeName}/Connect`,
  requestStream: true,
  responseStream: true,
  requestSerialize: (message) => Buffer.from(toBinary(ConnectRequestSchema, message)),
  requestDeserialize: (bytes) => fromBinary(ConnectRequestSchema, bytes),
  responseSerialize: (message) => Buffer.from(toBinary(ConnectResponseSchema, message)),
  responseDeserialize: (bytes) => fromBinary(ConnectResponseSchema, bytes),
};

/** How much work the raw worker takes at once. */
export const rawCredit = 2000;

/**
 * The thinnest worker there can be: no handlers, no bookkeeping, every grant settled at once. Resolves with the seconds between the
 * first grant and the answer to the last settlement, once `count` grants have come.
 */
export function drainRaw(
  address: string,
  count: number,
): Promise<{ readonly seconds: number; readonly settled: number }> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": 8 << 20,
  });
  const { requestSerialize, responseDeserialize } = connectMethod;
  const call = client.makeBidiStreamRequest(connectMethod.path, requestSerialize, responseDeserialize);
  let frameSeq = 0n;
  const send = (frame: ConnectRequest["frame"]): bigint => {
    frameSeq += 1n;
    call.write(create(ConnectRequestSchema, { frameSeq, frame }));
    return frameSeq;
  };
  const open = new Map<bigint, number>();
  let settled = 0;
  let startedAt = 0;
  const onGrants = (grants: Grants): void => {
    if (startedAt === 0) startedAt = performance.now();
    const seenSeq = grants.firstSeq + BigInt(grants.grants.length) - 1n;
    send({ case: "credit", value: credit(seenSeq) });
    open.set(send({ case: "settle", value: settleAll(grants) }), grants.grants.length);
  };
  return new Promise((resolve, reject) => {
    call.on("error", reject);
    call.on("data", (response: ConnectResponse) => {
      const { frame } = response;
      if (frame.case === "welcome") send({ case: "credit", value: credit(0n) });
      else if (frame.case === "grants") onGrants(frame.value);
      else if (frame.case === "settled") {
        settled += (open.get(frame.value.frameSeq) ?? 0) - frame.value.exceptions.length;
        if (settled < count) return;
        call.removeListener("error", reject).on("error", () => undefined);
        call.cancel();
        client.close();
        resolve({ seconds: (performance.now() - startedAt) / 1000, settled });
      }
    });
    send({ case: "hello", value: hello() });
  });
}

const hello = () =>
  create(HelloSchema, {
    protocolMin: 1,
    protocolMax: 1,
    worker: "raw",
    queues: [{ name: "default" }],
    slots: 100,
  });

const credit = (seenSeq: bigint) => create(CreditSchema, { seenSeq, credit: BigInt(rawCredit) });

const settleAll = ({ grants }: Grants) =>
  create(SettleSchema, {
    settlements: grants.map(({ leaseToken }) =>
      create(SettlementSchema, { leaseToken, outcome: { case: "succeeded", value: {} } }),
    ),
  });
