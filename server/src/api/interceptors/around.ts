import type { DescMethod } from "@bufbuild/protobuf";
import type { AnyHandler, Interceptor } from "../call.ts";
import { isUnary, type Streaming, type Unary } from "../handler-kinds.ts";

/** Makes an interceptor from its two halves: one for calls with one response, one for calls with a stream of them. */
export const around =
  (
    unary: (method: DescMethod, next: Unary) => Unary,
    streaming: (method: DescMethod, next: Streaming) => Streaming,
  ): Interceptor =>
  (method, next) =>
    // The kind of the method fixes the kind of its handler (call.ts pairs them); the compiler cannot see that from here.
    isUnary(method)
      ? unary(method, next as Unary)
      : (streaming(method, next as Streaming) as unknown as AnyHandler);
