import type { Growth } from "./canvas.ts";
import type { Bytes, Instant } from "./ids.ts";
import type { TaskPolicy } from "./task.ts";

/** How an attempt ended, as its worker says. Results and failures are encoded and opaque here. */
export type Outcome =
  | {
      readonly kind: "succeeded";
      readonly result: Bytes | undefined;
      /** What it adds to its canvas. */
      readonly growth?: Growth | undefined;
    }
  /** Others do its work, in its place in its canvas. */
  | { readonly kind: "replaced"; readonly growth: Growth }
  | ({
      readonly kind: "failed";
      readonly failure: Bytes;
      readonly nonRetryable: boolean;
      /** The failure's type and what that descends from; undefined: it says none. */
      readonly types?: readonly string[] | undefined;
      /** The worker's own back-off; undefined: by the task's retry policy. */
      readonly delayMs?: number | undefined;
    } & Unfinished)
  /** `delayMs` undefined: by the task's retry policy. */
  | ({
      readonly kind: "retry";
      readonly delayMs: number | undefined;
      readonly failure: Bytes | undefined;
      /** When to try again, in place of a delay. */
      readonly notBefore?: Instant | undefined;
      /** What changes about this task from here on. */
      readonly overrides?: PolicyOverrides | undefined;
    } & Unfinished)
  /** `unstarted`: its handler has not begun. */
  | ({ readonly kind: "released"; readonly unstarted?: boolean | undefined } & Unfinished)
  | { readonly kind: "rejected"; readonly failure: Bytes }
  | { readonly kind: "result_too_large"; readonly failure: Bytes }
  | { readonly kind: "unknown_name" };

/** What an attempt can leave for the next one: encoded, and opaque here. Undefined: nothing new. */
type Unfinished = { readonly checkpoint?: Bytes | undefined };

/** What a handler may change about its task's later attempts; what is left out stays. */
export type PolicyOverrides = Partial<
  Pick<TaskPolicy, "retry" | "maxAttempts" | "timeLimitMs" | "softTimeLimitMs">
>;
