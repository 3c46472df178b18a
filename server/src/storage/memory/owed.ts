import type { Growth } from "../../model/canvas.ts";
import type { Instant } from "../../model/ids.ts";
import type { NodeEnd } from "../../model/node-end.ts";
import type { Place } from "../../model/place.ts";
import type { TaskHead } from "../../model/task.ts";

/** What the verb under way still has to do before it is over. */
export type Owed =
  | { readonly kind: "end"; readonly end: NodeEnd; readonly now: Instant }
  | {
      readonly kind: "growth";
      readonly head: TaskHead;
      readonly place: Place;
      readonly growth: Growth;
      readonly now: Instant;
    };
