import { LogLevel, type NewOutputEntry } from "@stem/proto/stem/v1/task_output_pb";
import { payloadBytesAtMost } from "@stem/sdk/internal";
import type { HeldLease } from "../lease.ts";

/** What an entry says. */
export type OutputSaid = Extract<NewOutputEntry["entry"], { case: string }>;

/** Hears what became of an entry, where somebody waits for that. */
export type OnWritten = { readonly kept: () => void; readonly refused: (why: unknown) => void };

/** One entry on its way to the server, until that has answered it. */
export type OutputItem = {
  readonly lease: HeldLease;
  readonly entry: NewOutputEntry;
  readonly bytes: number;
  readonly written: OnWritten | undefined;
};

/** How much may wait at once, over all leases. */
export type QueueBounds = { readonly itemsMax: number; readonly bytesMax: number };

const roomy: QueueBounds = { itemsMax: 10_000, bytesMax: 8 * 1024 * 1024 };

/** More than the numbers and lengths of an entry take when encoded. */
const entryBytes = 64;

type Line = { items: OutputItem[]; dropped: number };

/** Output that waits to be sent, by lease, each lease's in its order. Bounded: beyond, progress and log lines are dropped, and counted. */
export class OutputQueue {
  readonly #bounds: QueueBounds;
  readonly #lines = new Map<HeldLease, Line>();
  #items = 0;
  #bytes = 0;

  constructor(bounds = roomy) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  /** Whether something of this lease waits. */
  has(lease: HeldLease): boolean {
    return this.#lines.has(lease);
  }

  /** Whether something of a lease waits whose outcome is known already. */
  hasSettling(): boolean {
    for (const { phase } of this.#lines.keys()) if (phase === "settling") return true;
    return false;
  }

  /** Takes an entry in. Progress takes the place of progress that waits: the latest counts. */
  add(lease: HeldLease, said: OutputSaid, written?: OnWritten): void {
    const line = this.#lineOf(lease);
    if (said.case === "progress") this.#forgetProgress(line);
    const bytes = bytesOf(said);
    if (this.#items >= this.#bounds.itemsMax || this.#bytes + bytes > this.#bounds.bytesMax) {
      if (written === undefined) line.dropped += 1;
      else written.refused(new RangeError("more output waits to be sent than may; wait for ctx.write"));
      if (line.items.length === 0 && line.dropped === 0) this.#lines.delete(lease);
      return;
    }
    this.#push(line, itemOf(lease, said, { bytes, written }));
  }

  /** Takes out the next frame's worth, at least one entry if there is any; what belongs to leases that are lost is dropped. */
  take(itemsMax: number, bytesMax: number): readonly OutputItem[] {
    const taken: OutputItem[] = [];
    let bytes = 0;
    for (const [lease, line] of this.#lines) {
      this.#tellDropped(lease, line);
      while (line.items.length > 0) {
        const [first] = line.items;
        if (first === undefined) break;
        if (taken.length === itemsMax || (taken.length > 0 && bytes + first.bytes > bytesMax)) return taken;
        bytes += first.bytes;
        line.items.shift();
        this.#count(first, -1);
        taken.push(first);
      }
      this.#lines.delete(lease);
    }
    return taken;
  }

  /** Puts back what was taken out and did not arrive, before all else of its leases. */
  putBack(items: readonly OutputItem[]): void {
    for (const item of items.toReversed()) {
      this.#lineOf(item.lease).items.unshift(item);
      this.#count(item, 1);
    }
  }

  /** Forgets all of a lease; answers it. */
  drop(lease: HeldLease): readonly OutputItem[] {
    const { items = [] } = this.#lines.get(lease) ?? {};
    for (const item of items) this.#count(item, -1);
    this.#lines.delete(lease);
    return items;
  }

  #lineOf(lease: HeldLease): Line {
    const known = this.#lines.get(lease);
    if (known !== undefined) return known;
    const line: Line = { items: [], dropped: 0 };
    this.#lines.set(lease, line);
    return line;
  }

  #forgetProgress(line: Line): void {
    const at = line.items.findIndex(({ entry }) => entry.entry.case === "progress");
    const [older] = at < 0 ? [] : line.items.splice(at, 1);
    if (older !== undefined) this.#count(older, -1);
  }

  #tellDropped(lease: HeldLease, line: Line): void {
    if (line.dropped === 0) return;
    const text = `${line.dropped} entries are missing here: the worker had more than it could send`;
    line.dropped = 0;
    const value = { $typeName: "stem.v1.LogLine" as const, level: LogLevel.WARN, text };
    this.#push(
      line,
      itemOf(lease, { case: "log", value }, { bytes: entryBytes + text.length, written: undefined }),
    );
  }

  #push(line: Line, item: OutputItem): void {
    line.items.push(item);
    this.#count(item, 1);
  }

  #count({ bytes }: OutputItem, sign: 1 | -1): void {
    this.#items += sign;
    this.#bytes += sign * bytes;
  }
}

function itemOf(lease: HeldLease, said: OutputSaid, more: Pick<OutputItem, "bytes" | "written">): OutputItem {
  lease.outputSeq += 1;
  const seq = BigInt(lease.outputSeq);
  return { lease, entry: { $typeName: "stem.v1.NewOutputEntry", seq, entry: said }, ...more };
}

function bytesOf(said: OutputSaid): number {
  switch (said.case) {
    case "progress":
      return entryBytes + said.value.message.length * 3 + payloadBytesAtMost(said.value.data);
    case "log":
      return entryBytes + said.value.text.length * 3 + payloadBytesAtMost(said.value.facts);
    case "chunk":
      return entryBytes + payloadBytesAtMost(said.value);
  }
}
