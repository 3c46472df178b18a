import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";

/** A task on its way in, and when. */
export type Entering = { readonly task: NewTask; readonly now: Instant };
