/** Which protocol a connection speaks, by its first bytes. */

import type { Duplex } from "node:stream";
import type { Clock } from "../ports/clock.ts";

/** What the first bytes say; undecided: they may still become the HTTP/2 preface. */
export type Protocol = "http1" | "http2" | "undecided";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Judges the bytes that came so far. HTTP/2 is certain with the whole preface, HTTP/1.1 with the first byte that departs from it. */
export function protocolOf(bytes: Uint8Array): Protocol {
  const length = Math.min(bytes.length, preface.length);
  if (!preface.subarray(0, length).equals(bytes.subarray(0, length))) return "http1";
  return length === preface.length ? "http2" : "undecided";
}

/**
 * Holds a connection until its protocol is certain, then gives it to `decided`, with every byte still in it. One that does not say
 * within `limitMs`, or ends first, is destroyed: nobody else watches over silent connections.
 */
export function awaitProtocol(
  connection: Duplex,
  decided: (protocol: "http1" | "http2") => void,
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
): void {
  let seen: Buffer = Buffer.alloc(0);
  const cancelTimer = clock.after(limitMs, () => connection.destroy());
  const give = (): void => {
    const chunk: Buffer | null = connection.read();
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const protocol = protocolOf(seen);
    if (protocol === "undecided") return;
    letGo();
    connection.unshift(seen);
    decided(protocol);
  };
  const giveUp = (): void => {
    letGo();
    connection.destroy();
  };
  const letGo = (): void => {
    cancelTimer();
    connection.off("readable", give);
    connection.off("end", giveUp);
    connection.off("close", giveUp);
  };
  connection.on("readable", give);
  connection.once("end", giveUp);
  connection.once("close", giveUp);
}
