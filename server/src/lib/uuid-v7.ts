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
  let pool = "";
  let used = 0;
  let lastMs = 0;
  let time = timeDigits(lastMs);
  let counter = 0;

  function tick(): void {
    const now = nowMs();
    if (now > lastMs) {
      begin(now);
      // Starts in the lower half, so that at least 2,048 fit into a millisecond before it borrows from the next one.
      counter = (Number.parseInt(nextTail().slice(0, 4), 16) & counterMax) >> 1;
    } else if (++counter > counterMax) {
      begin(lastMs + 1);
      counter = 0;
    }
  }

  function begin(ms: number): void {
    lastMs = ms;
    time = timeDigits(ms);
  }

  /** Random bytes as hexadecimal digits, which are made for many ids at once. */
  function nextTail(): string {
    if (used === pool.length) {
      pool = Buffer.from(randomBytes(tailBytes * pooledTails)).toString("hex");
      used = 0;
    }
    used += 2 * tailBytes;
    return pool.slice(used - 2 * tailBytes, used);
  }

  return () => {
    tick();
    const tail = nextTail();
    const variant = variants[Number.parseInt(tail.charAt(0), 16) & 3];
    return `${time}-${(0x7000 | counter).toString(16)}-${variant}${tail.slice(1, 4)}-${tail.slice(4)}`;
  };
}

function timeDigits(ms: number): string {
  const digits = ms.toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}

/** The first digit of the second half: binary 10, and two bits of chance. */
const variants = "89ab";
