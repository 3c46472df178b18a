import { createClient } from "@connectrpc/connect";
import { CanvasState as ProtoState } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { allPages, type OperatorCalls } from "../operator-calls.ts";
import { type CanvasState, type CanvasStatus, canvasFromProto } from "./canvas-status.ts";

/** Which canvases are looked for: those of which all of it is true. */
export type CanvasFilter = {
  /** In one of these states. Default: in any. */
  readonly states?: readonly CanvasState[];
  /** Called so. */
  readonly name?: string;
  /** With this tag. */
  readonly tag?: string;
};

/** A canvas in a list: its groups are read with `stem.canvas(id).get()`. */
export type CanvasSummary = Omit<CanvasStatus, "groups">;

/** What canvases there are. One of them is looked after by its handle: `stem.canvas(id)`. */
export type Canvases = {
  /** Those of the namespace that are kept, the newest first, page by page as they are asked for. */
  list(filter?: CanvasFilter): AsyncIterable<CanvasSummary>;
};

const states: Readonly<Record<CanvasState, ProtoState>> = {
  open: ProtoState.OPEN,
  succeeded: ProtoState.SUCCEEDED,
  failed: ProtoState.FAILED,
  cancelled: ProtoState.CANCELLED,
};

/** Makes them over one connection. */
export function createCanvases({ transport, inNamespace, timed, call }: OperatorCalls): Canvases {
  const service = createClient(CanvasService, transport);
  return {
    list({ states: wanted = [], name, tag } = {}) {
      const filter = { ...inNamespace, states: wanted.map((each) => states[each]), name, tag };
      return allPages(
        (page) => call(() => service.listCanvases({ ...filter, ...page }, timed)),
        ({ canvases }) => canvases.map(summaryOf),
      );
    },
  };
}

function summaryOf(canvas: NonNullable<Parameters<typeof canvasFromProto>[0]["canvas"]>): CanvasSummary {
  const { groups: _, ...summary } = canvasFromProto({ canvas });
  return summary;
}
