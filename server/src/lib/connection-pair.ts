import { Duplex } from "node:stream";

/**
 * The two ends of a connection inside this process: what is written to one is read from the other, and when one is gone the other soon
 * is. Unlike Node's duplexPair a write never waits for the reader: Node's HTTP/2 fails an assertion when a session ends while one is
 * under way. HTTP/2 itself bounds what can be unread.
 */
export function connectionPair(): [Duplex, Duplex] {
  const one = endOf(() => other);
  const other = endOf(() => one);
  return [one, other];
}

function endOf(peer: () => Duplex): Duplex {
  return new Duplex({
    read: () => undefined,
    write(chunk, _, done) {
      if (!peer().destroyed) peer().push(chunk);
      done();
    },
    final(done) {
      if (!peer().destroyed) peer().push(null);
      done();
    },
    destroy(error, done) {
      // A turn later, so that what was written before is read before.
      setImmediate(() => peer().destroy());
      done(error);
    },
  });
}
