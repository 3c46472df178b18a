/** How a payload was made, in words that the reader at the other end looks up. At most 16 entries; the server never reads them. */
export type PayloadMarks = {
  /** Media type, for the reader at the other end. Default: none. */
  readonly contentType?: string;
  /** `codec`, `compression`, `form` and `version` are Stem's own (docs/payloads.md); others are the codec's business. */
  readonly encoding?: Readonly<Record<string, string>>;
};

/** Arguments or a result as they travel: JSON text or bytes, with a word on what they are. */
export type EncodedPayload =
  | ({ readonly json: string } & PayloadMarks)
  | ({ readonly bytes: Uint8Array } & PayloadMarks);

/**
 * How a task's arguments and result become payloads and come back. Undefined is "nothing": what a handler without result returns. Make
 * one with `defineCodec`.
 */
export type PayloadCodec = {
  /** Travels with each payload, so that the reader takes the same codec or says that it has none. Default: payloads are not marked. */
  readonly id?: string;
  /** It reads the mark `version` itself, as `versioned` does. Default false: a payload with a version is refused. */
  readonly readsVersion?: boolean;
  encode(value: unknown): EncodedPayload | undefined;
  decode(payload: EncodedPayload | undefined): unknown;
};

/** A value could not be written as a payload, or a payload could not be read. */
export class PayloadError extends Error {
  override readonly name: string = "PayloadError";
}

/** A payload was made in a way that its reader does not know. Nothing of it is used. */
export class UnknownEncodingError extends PayloadError {
  override readonly name = "UnknownEncodingError";
  /** What is unknown: the codec, the compression, or the version of what was written. */
  readonly kind: "codec" | "compression" | "form" | "version";
  /** What the payload calls it. */
  readonly id: string;

  constructor(kind: UnknownEncodingError["kind"], id: string, known: readonly string[]) {
    super(`the payload's ${kind} is ${JSON.stringify(id)}; known here: ${known.join(", ") || "none"}`);
    this.kind = kind;
    this.id = id;
  }
}
