/** What ends of tasks leave to do, between the end and the end of its verb. */

import type { Growth } from "../../model/canvas.ts";
import type { BarrierId, Instant, Namespace } from "../../model/ids.ts";
import type { NodeEnd } from "../../model/node-end.ts";
import type { Lineage } from "../../model/task.ts";
import type { Continued } from "../sql/ended-row.ts";
import type { PlainMember } from "./canvases/members.ts";

export type Growing = Pick<Continued, "seq" | "id" | "queue" | "now"> & { readonly growth: Growth };

/** What the verb under way still has to do before it is over. */
export type Owed = OwedEnd | OwedGrowth | OwedMembers;
export type OwedEnd = { readonly kind: "end"; readonly end: NodeEnd; readonly now: Instant };
export type OwedGrowth = {
  readonly kind: "growth";
  readonly growth: Growth;
  readonly namespace: Namespace;
  /** The barrier that its task is under. */
  readonly above: BarrierId;
  readonly lineage: Lineage;
  readonly now: Instant;
};

/** Members of one barrier that have succeeded at their first attempt, and have nothing behind them: nobody has to see each of them. */
export type OwedMembers = {
  readonly kind: "members";
  readonly above: number;
  readonly members: readonly PlainMember[];
  readonly now: Instant;
};

/** The same, before anything was read of it. */
export type Noted =
  | OwedEnd
  | { readonly kind: "ended"; readonly of: Continued }
  | { readonly kind: "growing"; readonly of: Growing };
