import type { Barrier } from "../../../model/canvas.ts";
import { type BarrierId, type BarrierRef, type Bytes, type CanvasId, rootOf } from "../../../model/ids.ts";
import { textOfCause, textOfFacts, textOfFixed } from "../../sql/barrier-text.ts";
import { command, type Database, query } from "../files/connection.ts";
import type { QueueRegistry } from "../queue-registry.ts";
import { type BarrierRow, barrierJoins, barrierOf, barrierStates, leanColumns } from "./barrier-row.ts";

/** A barrier as the running transaction has it. Of a canvas that was there before, the description is left out. */
export type BarrierEntry = {
  /** The number of its row. */
  readonly seq: number;
  /** The number of its canvas, which is that of the canvas' own barrier. */
  readonly canvas: number;
  barrier: Barrier;
  isStored: boolean;
};

/**
 * The barriers that the running transaction has to do with. Each is read once, and written once at the end, however many of its
 * members end meanwhile.
 */
export type Barriers = {
  at(ref: BarrierRef): BarrierEntry | undefined;
  bySeq(seq: number): BarrierEntry | undefined;
  /** Has a barrier as it is now; a new one is given a number. */
  put(barrier: Barrier): BarrierEntry;
  /** Takes back new ones under which nothing was stored. */
  forget(entries: readonly BarrierEntry[]): void;
  /** Writes what has changed; what is asked for later is read again. */
  write(): void;
  /** Forgets what is not written. */
  discard(): void;
};

type EntryRow = readonly [seq: number, canvas: number, ...BarrierRow];

/** Makes it. */
export function createBarriers(
  db: Database,
  { namespaceId, makeNamespace }: Pick<QueueRegistry, "namespaceId" | "makeNamespace">,
): Barriers {
  const select = (where: string) =>
    query<EntryRow>(
      db,
      `SELECT b.seq, b.canvas, ${leanColumns}
       FROM barriers b ${barrierJoins} WHERE ${where}`,
    );
  const [selectById, selectBySeq] = [select("b.namespace = ? AND b.id = ?"), select("b.seq = ?")];
  const rows = createBarrierRows(db);
  const byId = new Map<string, BarrierEntry>();
  const bySeq = new Map<number, BarrierEntry>();
  const changed = new Set<BarrierEntry>();
  let nextSeq = (query<[number | null]>(db, "SELECT max(seq) FROM barriers").get()?.[0] ?? 0) + 1;

  function keep(entry: BarrierEntry): BarrierEntry {
    byId.set(keyOf(entry.barrier), entry);
    bySeq.set(entry.seq, entry);
    return entry;
  }

  function read(row: EntryRow | undefined): BarrierEntry | undefined {
    if (row === undefined) return undefined;
    const [seq, canvas, ...barrier] = row;
    return keep({ seq, canvas, barrier: barrierOf(barrier), isStored: true });
  }

  function at(ref: BarrierRef): BarrierEntry | undefined {
    const known = byId.get(keyOf(ref));
    if (known !== undefined) return known;
    const space = namespaceId(ref.namespace);
    return space === undefined ? undefined : read(selectById.get(space, ref.id));
  }

  function added(barrier: Barrier): BarrierEntry {
    const seq = nextSeq;
    nextSeq += 1;
    const { namespace, canvas } = barrier;
    const root = barrier.canvasFacts === undefined ? at({ namespace, id: rootOf(canvas) })?.seq : seq;
    if (root === undefined) throw new Error("a barrier is in a canvas that is not there");
    return keep({ seq, canvas: root, barrier, isStored: false });
  }

  function clear(): void {
    byId.clear();
    bySeq.clear();
    changed.clear();
  }

  return {
    at,
    bySeq: (seq) => bySeq.get(seq) ?? read(selectBySeq.get(seq)),
    put(barrier) {
      const entry = at(barrier) ?? added(barrier);
      entry.barrier = barrier;
      changed.add(entry);
      return entry;
    },
    forget(entries) {
      for (const entry of entries) {
        byId.delete(keyOf(entry.barrier));
        bySeq.delete(entry.seq);
        changed.delete(entry);
      }
    },
    write() {
      for (const entry of changed) {
        const { barrier, isStored } = entry;
        const { place, namespace, canvasFacts } = barrier;
        if (isStored) {
          rows.update(entry);
          continue;
        }
        const retryOf = canvasFacts?.retryOf;
        rows.insert(entry, {
          space: makeNamespace(namespace),
          above: place && at({ namespace, id: place.barrier })?.seq,
          retries: retryOf && at({ namespace, id: rootOf(retryOf) })?.seq,
        });
      }
      clear();
    },
    discard: clear,
  };
}

const keyOf = ({
  namespace,
  id,
}: {
  readonly namespace: string;
  readonly id: BarrierId | CanvasId;
}): string => `${namespace} ${id}`;

/** The numbers of what a new barrier is in, and of what it is under, or retries. */
type InsertedAt = {
  readonly space: number;
  readonly above: number | undefined;
  readonly retries: number | undefined;
};

/** How barriers are written. */
function createBarrierRows(db: Database) {
  const changing = "state, size, sealed, ended, unsuccessful, attempted, has_rest, ended_at, cause";
  const insert = command(
    db,
    `INSERT INTO barriers (${changing}, seq, namespace, id, canvas, above, created_at, fixed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = command(db, `UPDATE barriers SET (${changing}) = (?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE seq = ?`);
  const insertCanvas = command(
    db,
    `INSERT INTO canvases (seq, namespace, name, facts, deadline, purge_at, description, retries) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertTag = command(
    db,
    "INSERT OR IGNORE INTO canvas_tags (namespace, tag, canvas) VALUES (?, ?, ?)",
  );
  const setPurgeAt = command(db, "UPDATE canvases SET purge_at = ?1 WHERE seq = ?2 AND purge_at IS NOT ?1");

  return {
    insert({ seq, canvas, barrier }: BarrierEntry, { space, above, retries }: InsertedAt): void {
      const { id, createdAt, canvasFacts } = barrier;
      insert(...changingOf(barrier), seq, space, id, canvas, above ?? null, createdAt, textOfFixed(barrier));
      if (canvasFacts === undefined) return;
      const { name, tags, deadline, purgeAt } = canvasFacts;
      const description: Bytes = canvasFacts.description;
      const facts = textOfFacts(canvasFacts);
      insertCanvas(seq, space, name, facts, deadline ?? null, purgeAt ?? null, description, retries ?? null);
      for (const tag of tags) insertTag(space, tag, seq);
    },
    update({ seq, barrier }: BarrierEntry): void {
      update(...changingOf(barrier), seq);
      if (barrier.canvasFacts !== undefined) setPurgeAt(barrier.canvasFacts.purgeAt ?? null, seq);
    },
  };
}

const changingOf = (barrier: Barrier) => {
  const { state, size, isSealed, ended, unsuccessful, attempted, hasRest, endedAt, cause } = barrier;
  return [
    ...[barrierStates.code(state), size, isSealed ? 1 : 0, ended, unsuccessful, attempted],
    ...[hasRest ? 1 : 0, endedAt ?? null, cause === undefined ? null : textOfCause(cause)],
  ];
};
