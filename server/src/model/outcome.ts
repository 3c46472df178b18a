import type { Bytes } from "./ids.ts";

/** How an attempt ended, as its worker says. Results and failures are encoded and opaque here. */
export type Outcome =
  | { readonly kind: "succeeded"; readonly result: Bytes | undefined }
  | { readonly kind: "failed"; readonly failure: Bytes; readonly nonRetryable: boolean }
  /** `delayMs` undefined: by the task's retry policy. */
  | { readonly kind: "retry"; readonly delayMs: number | undefined; readonly failure: Bytes | undefined }
  | { readonly kind: "released" }
  | { readonly kind: "rejected"; readonly failure: Bytes }
  | { readonly kind: "result_too_large"; readonly failure: Bytes }
  | { readonly kind: "unknown_name" };
