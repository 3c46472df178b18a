/** HTTP/2 by hand, for what no client library would send. */

/** What a client says first. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The types of frames that tests send or look for. */
export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

const headBytes = 9;
const endHeaders = 4;

/** A frame as it came. */
export type Http2Frame = { readonly type: number; readonly stream: number; readonly payload: Buffer };

/** A frame; without flags and payload unless it has some. */
export function http2Frame(
  type: keyof typeof frameTypes,
  stream: number,
  { flags = 0, payload = Buffer.alloc(0) }: { readonly flags?: number; readonly payload?: Uint8Array } = {},
): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(frameTypes[type], 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Empty SETTINGS. */
export const settings = http2Frame("settings", 0);

/** What may be said of a call's HEADERS. */
export type CallHeaders = {
  /** Headers that come last, with values of any bytes. */
  readonly more?: Readonly<Record<string, string>>;
  /** More come in CONTINUATION. */
  readonly goesOn?: boolean;
};

/** The HEADERS of a gRPC call, all of them literals. */
export function callHeaders(
  stream: number,
  path: string,
  { more, goesOn = false }: CallHeaders = {},
): Buffer {
  const all = { "content-type": "application/grpc", te: "trailers", ...more };
  const payload = Buffer.concat([
    // POST, http, and literals under the static names of :authority and :path.
    Buffer.of(0x83, 0x86, 0x01, 1, 0x61, 0x04, path.length),
    Buffer.from(path, "latin1"),
    ...Object.entries(all).map(([name, value]) => literal(name, value)),
  ]);
  return http2Frame("headers", stream, { flags: goesOn ? 0 : endHeaders, payload });
}

/** A header that is not indexed; name and value shorter than 127 bytes. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.of(0, name.length),
    Buffer.from(name, "latin1"),
    Buffer.of(value.length),
    Buffer.from(value, "latin1"),
  ]);
}

/** The whole frames in bytes that came, one after the other. */
export function framesIn(bytes: Buffer): Http2Frame[] {
  const frames: Http2Frame[] = [];
  for (let at = 0; at + headBytes <= bytes.length; ) {
    const end = at + headBytes + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + headBytes, end);
    frames.push({ type: bytes.readUInt8(at + 3), stream: bytes.readUInt32BE(at + 5), payload });
    at = end;
  }
  return frames;
}
