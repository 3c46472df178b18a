import { type PayloadCodec, PayloadError, UnknownEncodingError } from "./codec.ts";
import { jsonCodec } from "./json.ts";

/** How values changed over time. */
export type VersionedSpec = {
  /** What is written now: a whole number from 1 on. */
  readonly version: number;
  /** For each earlier version that is still read: what makes a value of the next version out of it. */
  readonly upcast: Readonly<Record<number, (value: never) => unknown>>;
  /** What writes and reads the values. Default: JSON. */
  readonly codec?: PayloadCodec;
};

/**
 * A codec whose values say which version they are of: `versioned({ version: 2, upcast: { 1: (old: string) => ({ name: old }) } })`. An
 * older value is brought up to date, step by step, before anybody sees it; a newer one is an UnknownEncodingError. A value without a
 * version is of version 1.
 */
export function versioned({ version, upcast, codec = jsonCodec }: VersionedSpec): PayloadCodec {
  if (!Number.isSafeInteger(version) || version < 1)
    throw new RangeError(`version must be a whole number from 1 on; it is ${version}`);
  for (const from of Object.keys(upcast).map(Number))
    if (!(from >= 1 && from < version))
      throw new RangeError(`upcast has ${from}, which is no earlier version`);
  const known = [...Object.keys(upcast), String(version)];
  return {
    ...(codec.id !== undefined && { id: codec.id }),
    readsVersion: true,
    encode(value) {
      const payload = codec.encode(value);
      return payload && { ...payload, encoding: { ...payload.encoding, version: String(version) } };
    },
    decode(payload) {
      const value = codec.decode(payload);
      if (payload === undefined) return value;
      const said = payload.encoding?.["version"] ?? "1";
      const from = Number(said);
      if (!/^[1-9]\d{0,8}$/.test(said) || from > version)
        throw new UnknownEncodingError("version", said, known);
      return steps(from, version).reduce((older: unknown, step) => {
        const up = upcast[step];
        if (up === undefined) throw new UnknownEncodingError("version", said, known);
        return brought(older as never, step, up);
      }, value);
    },
  };
}

const steps = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

function brought(value: never, from: number, up: (value: never) => unknown): unknown {
  try {
    return up(value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PayloadError(`a value of version ${from} could not be brought up to date: ${why}`, { cause });
  }
}
