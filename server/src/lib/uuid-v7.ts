/** Where a generator of UUIDs gets the time and its random bytes from. */
export type UuidSource = {
  readonly nowMs: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
};

const tailBytes = 8;
const pooledTails = 512;
const counterMax = 0xfff;

/**
 * Makes UUIDv7s that rise strictly, also within a millisecond and when the wall clock steps back (RFC 9562, a 12-bit counter): rows
 * keyed by them are appended, not scattered. Node's own generator does not promise an order within a millisecond.
 */
export function createUuidV7({ nowMs, randomBytes }: UuidSource): () => string {
  let pool = Buffer.alloc(0);
  let lastMs = 0;
  let counter = 0;

  function tick(): void {
    const now = nowMs();
    if (now > lastMs) {
      lastMs = now;
      // Starts in the lower half, so that at least 2,048 fit into a millisecond before it borrows from the next one.
      counter = (nextTail().readUInt16BE(0) & counterMax) >> 1;
    } else if (++counter > counterMax) {
      lastMs += 1;
      counter = 0;
    }
  }

  function nextTail(): Buffer {
    if (pool.length === 0) pool = Buffer.from(randomBytes(tailBytes * pooledTails));
    const tail = pool.subarray(0, tailBytes);
    pool = pool.subarray(tailBytes);
    return tail;
  }

  return () => {
    tick();
    const id = Buffer.allocUnsafe(16);
    id.writeUIntBE(lastMs, 0, 6);
    id.writeUInt16BE(0x7000 | counter, 6);
    nextTail().copy(id, 8);
    id.writeUInt8(0x80 | (id.readUInt8(8) & 0x3f), 8);
    const hex = id.toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}
