import type { DescMessage } from "@bufbuild/protobuf";
import { Encoded } from "../call.ts";

/** How a page is read and written. */
export type PageOf<P> = {
  readonly read: (limit: number) => Promise<P>;
  readonly encode: (page: P) => Uint8Array;
  readonly sizeOf: (page: P) => number;
};

/**
 * One page of at most `limit` items that fits into a frame. The store bounds contents and results; where names, tags and reasons make
 * the page too large all the same, half as many items are asked for, because only the store can say where a shorter page ends.
 */
export async function fittingPage<S extends DescMessage, P>(
  schema: S,
  { read, encode, sizeOf }: PageOf<P>,
  bounds: { readonly limit: number; readonly bytesMax: number },
): Promise<Encoded<S>> {
  for (let { limit } = bounds; ; ) {
    const page = await read(limit);
    const bytes = encode(page);
    const size = sizeOf(page);
    if (bytes.length <= bounds.bytesMax || size <= 1) return new Encoded(schema, bytes);
    limit = Math.ceil(size / 2);
  }
}
