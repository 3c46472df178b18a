import { create, type DescMessage, type Message, type UnknownField } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { CanvasService, type WatchCanvasResponse } from "@stem/proto/stem/v1/canvas_service_pb";
import { type FollowDeps, followed } from "../followed.ts";
import type { OperatorCalls } from "../operator-calls.ts";
import { canvasStateFromProto } from "./canvas-status.ts";

/** The calls with one answer. */
export const canvasCallNames = [
  "submitCanvas",
  "addCanvasMembers",
  "getCanvas",
  "getCanvasResult",
  "listCanvasMembers",
  "cancelCanvas",
  "retryCanvas",
  "explainCanvas",
] as const;

type CallName = (typeof canvasCallNames)[number];
type Service = Client<typeof CanvasService>;

/**
 * What is asked of the server about canvases, in the namespace of the client and repeated while the outcome is unknown. Requests and
 * answers are messages, so that the calls can cross over to threads and child processes by their names.
 */
export type CanvasCalls = {
  readonly [Name in CallName]: (request: Parameters<Service[Name]>[0]) => ReturnType<Service[Name]>;
} & {
  /** Follows a canvas until it has ended, over as many breaks as that takes. */
  readonly watchCanvas: (
    canvasId: string,
    signal: AbortSignal | undefined,
  ) => AsyncIterable<WatchCanvasResponse>;
};

/** What the calls need of their client. */
export type CanvasCallsDeps = FollowDeps & OperatorCalls & { readonly waits: Transport };

/** A request as its message. What is encoded already is a field that the codec is to copy as it is; making a message leaves such out. */
function messageOf(name: CallName, request: Encoded, inNamespace: object): Message {
  const message = create(CanvasService.method[name].input as DescMessage, { ...request, ...inNamespace });
  if (request.$unknown !== undefined) message.$unknown = request.$unknown;
  return message;
}

type Encoded = { readonly $unknown?: UnknownField[] };

/** Makes them over two connections. */
export function createCanvasCalls(deps: CanvasCallsDeps): CanvasCalls {
  const { inNamespace, timed, call } = deps;
  const service = createClient(CanvasService, deps.transport);
  const waits = createClient(CanvasService, deps.waits);
  const unary = canvasCallNames.map((name) => {
    const ask = service[name] as (request: object, how: object) => Promise<unknown>;
    return [
      name,
      (request: object) => call(() => ask(messageOf(name, request, inNamespace), timed)),
    ] as const;
  });
  return {
    ...(Object.fromEntries(unary) as unknown as Omit<CanvasCalls, "watchCanvas">),
    watchCanvas: (canvasId, signal) =>
      followed(deps, {
        open: (_, stop) => waits.watchCanvas({ ...inNamespace, canvasId }, { signal: stop }),
        from: undefined,
        // Each watch begins with the canvas as it is.
        nextOf: () => 0n,
        isLast: ({ canvas }) => canvas !== undefined && canvasStateFromProto(canvas.state) !== "open",
        signal,
      }),
  };
}
