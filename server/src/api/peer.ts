import type { Duplex } from "node:stream";

/** The address at the other end of a connection; "in-process" where there is none. */
export function peerOf(connection: Duplex): string {
  const { remoteAddress, remotePort } = connection as { remoteAddress?: string; remotePort?: number };
  return remoteAddress === undefined ? "in-process" : `${remoteAddress}:${remotePort}`;
}
