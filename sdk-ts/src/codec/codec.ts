/** Arguments or a result as they travel: JSON text, or bytes with a word on what they are. */
export type EncodedPayload =
  | { readonly json: string }
  | {
      readonly bytes: Uint8Array;
      /** Media type, for the reader at the other end. Default: none. */
      readonly contentType?: string;
      /** How the bytes were made (codec, version, compression), for the reader at the other end. At most 16 entries. */
      readonly encoding?: Readonly<Record<string, string>>;
    };

/**
 * How a task's arguments and result become payloads and come back. Both ends of a task need the same one. Undefined is "nothing": what a
 * handler without result returns.
 */
export type PayloadCodec = {
  encode(value: unknown): EncodedPayload | undefined;
  decode(payload: EncodedPayload | undefined): unknown;
};

/** A value could not be written as a payload, or a payload could not be read. */
export class PayloadError extends Error {
  override readonly name = "PayloadError";
}
