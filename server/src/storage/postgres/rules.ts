import { type GateLimit, type LimitKind, scoped } from "../../model/gate.ts";
import type { Namespace } from "../../model/ids.ts";
import type { NamespaceRecord } from "../../model/namespace.ts";
import type { QueueSettings } from "../../model/queue.ts";
import { type LimitRow, limitColumns, limitOf } from "../sql/limit-rows.ts";
import { type QueueState, queueLives, type RecordRow, recordColumns, recordOf } from "../sql/space-rows.ts";
import { type Session, statement } from "./session.ts";

/**
 * What every write goes by and hardly ever changes: remembered in each server, with the version that it had. A transaction reads the
 * version as it is, and is done again where that is another one. Whoever changes a rule raises the version, alone.
 */
export type Rules = {
  readonly version: number;
  /** The limits in force, by kind and subject; when their next grants are due is not among it. */
  readonly limits: ReadonlyMap<string, GateLimit>;
  /** Where names of tasks matter, so that every new task has to be tied. */
  readonly namedSpaces: ReadonlySet<Namespace>;
  /** Queues where keys take turns. */
  readonly fairQueues: ReadonlySet<number>;
  /** Namespaces, by number, of which ids were revoked before they came. */
  readonly revokedSpaces: ReadonlySet<number>;
  /** What operators say of namespaces. */
  readonly spaces: ReadonlyMap<Namespace, NamespaceRecord>;
  /** Queues, by number, that are not like all others: closed, bounded, on their way out, or out. */
  readonly queues: ReadonlyMap<number, QueueRule>;
};

/** What is said of such a queue. */
export type QueueRule = Pick<QueueSettings, "backlogMax" | "isClosed"> & { readonly life: QueueState };

/** A question for limits, from limits l and namespaces n. */
export const selectLimits = `SELECT ${limitColumns} FROM limits l JOIN namespaces n ON n.id = l.namespace`;

const selectAll = statement<LimitRow>(selectLimits);
const selectFair = statement<[number]>("SELECT id FROM queues WHERE turn IS NOT NULL");
const selectRevoked = statement<[number]>("SELECT DISTINCT namespace FROM revocations");
const selectSpaces = statement<RecordRow>(`SELECT ${recordColumns} FROM namespaces WHERE revision > 0`);
const selectQueues = statement<[id: number, life: number, backlogMax: number | null, closed: boolean]>(
  "SELECT id, life, backlog_max, closed FROM queues WHERE life > 0 OR backlog_max IS NOT NULL OR closed",
);
const raise = statement("UPDATE store SET rules = rules + 1");

/** Names a limit within the store. */
export const ruleKey = (kind: LimitKind, text: string): string => `${kind} ${text}`;

/** Reads all of it, inside a transaction that found this version. */
export async function loadRules(db: Session, version: number): Promise<Rules> {
  const [limits, fair, revoked, spaces, queues] = await Promise.all([
    db.rows(selectAll),
    db.rows(selectFair),
    db.rows(selectRevoked),
    db.rows(selectSpaces),
    db.rows(selectQueues),
  ]);
  const all = limits.map(limitOf);
  return {
    version,
    limits: new Map(
      all.map((limit) => [ruleKey(limit.kind, scoped(limit.namespace, limit.subject)), limit] as const),
    ),
    namedSpaces: new Set(all.flatMap(({ kind, namespace }) => (kind === "name" ? namespace : []))),
    fairQueues: new Set(fair.map(([id]) => id)),
    revokedSpaces: new Set(revoked.map(([id]) => id)),
    spaces: new Map(spaces.map((row) => [row[0], recordOf(row)])),
    queues: new Map(
      queues.map(([id, life, backlogMax, isClosed]) => [
        id,
        { life: queueLives.word(life), backlogMax: backlogMax ?? undefined, isClosed },
      ]),
    ),
  };
}

/** The rules were changed in this transaction. */
export const raiseRules = (db: Session): Promise<number> => db.run(raise);
