import type { Bulk } from "../../model/bulk.ts";
import type { BulkSlice } from "../../model/canvas.ts";
import type { Instant } from "../../model/ids.ts";
import type { SubmitVerdict } from "../../ports/canvas-store.ts";
import { type PartText, partText } from "./canvases/parts.ts";
import type { CanvasToKeep } from "./canvases/to-keep.ts";
import type { WriterThread } from "./threads/threads.ts";

type InPieces = CanvasToKeep & { readonly bulk: Bulk<BulkSlice> };

/** Makes what submits a canvas whose tasks are made slice by slice: the thread stores a slice while the next one is made. */
export function createSubmitPieces(
  writer: Pick<WriterThread, "call" | "tell">,
): (canvas: InPieces, now: Instant) => Promise<SubmitVerdict> {
  let lastToken = 0;

  /** All in one turn: nobody else may ask for anything between two pieces. */
  function post(token: number, { bulk, ...canvas }: InPieces, now: Instant): Promise<SubmitVerdict> {
    const parts: PartText[] = [...canvas.parts];
    let first: { canvas: CanvasToKeep; now: Instant } | undefined = { canvas: beginningOf(canvas), now };
    for (const slice of bulk.slices()) {
      const tasks = first === undefined ? slice.tasks : [...canvas.start.tasks, ...slice.tasks];
      writer.tell("takePiece", { token, first, tasks: () => tasks });
      parts.push(...slice.parts.map(partText));
      first = undefined;
    }
    const start = { ...canvas.start, tasks: [] };
    return writer.call("submitPieces", token, { ...canvas, start, parts }, now);
  }

  return async (canvas, now) => {
    lastToken += 1;
    const token = lastToken;
    try {
      return await post(token, canvas, now);
    } finally {
      writer.tell("dropPieces", token);
    }
  };
}

/** What the first piece needs of it. The hash is made when all pieces are on their way: it takes as long as they do. */
const beginningOf = (canvas: CanvasToKeep): CanvasToKeep => {
  const { deadline, retentionMs, purgeAt, name, tags, retryOf } = canvas.facts;
  const facts = { deadline, retentionMs, purgeAt, name, tags, retryOf };
  return {
    ...canvas,
    facts: { ...facts, contentHash: "", description: new Uint8Array() },
    start: { ...canvas.start, tasks: [] },
    parts: [],
  };
};
