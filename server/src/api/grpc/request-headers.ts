/**
 * The headers of a call before grpc-js reads them. Some it reads too loosely or keeps to itself: those are noted, for admission.ts. Some
 * it would print or send back as they came: those are taken away.
 */

import type { IncomingHttpHeaders } from "node:http2";

/** What was seen of a call's headers. */
export type HeaderNotes = {
  readonly contentType: string | undefined;
  /** The grpc-timeout header as it came. */
  readonly timeout: string | undefined;
  /** The grpc-encoding header as it came. */
  readonly encoding: string | undefined;
  /** The authorization header as it came, the first of several. */
  readonly authorization: string | undefined;
  /** Size of all headers, names and values. */
  readonly headerBytes: number;
  /** A value holds what gRPC metadata may not hold. */
  readonly hasIllegalValue: boolean;
};

const pathCharsMax = 200;
const legalName = /^[:0-9a-z_.-]+$/;
const legalValue = /^[\x20-\x7e]*$/;

/** Takes note of a call's headers, and leaves in them what grpc-js may see; `isKnownPath` tells the paths of our methods. */
export function takeHeaders(
  headers: IncomingHttpHeaders,
  isKnownPath: (path: string) => boolean,
): HeaderNotes {
  tamePath(headers, isKnownPath);
  const notes = {
    contentType: headers["content-type"],
    timeout: firstOf(headers["grpc-timeout"]),
    encoding: firstOf(headers["grpc-encoding"]),
    authorization: headers.authorization,
    headerBytes: bytesOf(headers),
    hasIllegalValue: takeIllegal(headers),
  };
  delete headers["grpc-timeout"];
  return notes;
}

const firstOf = (value: string | string[] | undefined): string | undefined =>
  typeof value === "object" ? value[0] : value;

function bytesOf(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const name in headers) bytes += name.length + String(headers[name] ?? "").length;
  return bytes;
}

/** grpc-js prints headers that it cannot take to the standard error, as they came. Answers whether there was an illegal value. */
function takeIllegal(headers: IncomingHttpHeaders): boolean {
  let hasIllegalValue = false;
  for (const name in headers) {
    const isLegal = legalValue.test(String(headers[name] ?? ""));
    if (!isLegal) hasIllegalValue = true;
    if (!isLegal || !legalName.test(name)) delete headers[name];
  }
  return hasIllegalValue;
}

/** grpc-js answers an unknown path with that path in a header; whatever came in, a short and printable one goes out. */
function tamePath(headers: IncomingHttpHeaders, isKnownPath: (path: string) => boolean): void {
  const path = firstOf(headers[":path"]) ?? "";
  if (!isKnownPath(path)) headers[":path"] = path.slice(0, pathCharsMax).replace(/[^\x21-\x7e]/g, "?");
}
