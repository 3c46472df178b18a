import type { GateLimit, LimitKind, Rate } from "../../model/gate.ts";
import type { Instant, Namespace } from "../../model/ids.ts";
import { createCodes } from "./codes.ts";
import { type PauseRow, pauseColumns, pauseOf } from "./pause-row.ts";

/** The numbers of the kinds of limits, in the order in which they are listed. */
export const limitKinds = createCodes<LimitKind>({ queue: 1, name: 2, key: 3 });

/** A limit as it is kept: its namespace's name, and the columns of its table. */
export type LimitRow = readonly [
  namespace: Namespace,
  kind: number,
  subject: string,
  concurrency: number | null,
  rateCount: number | null,
  ratePeriodMs: number | null,
  rateBurst: number | null,
  updatedAt: Instant,
  dueAt: number,
  ...pause: PauseRow,
];

/** Its columns, from limits l and namespaces n. */
export const limitColumns = `
  n.name, l.kind, l.subject, l.concurrency, l.rate_count, l.rate_period_ms, l.rate_burst, l.updated_at, l.due_at,
  ${pauseColumns("l")}`;

/** The limit that a row means. */
export function limitOf(row: LimitRow): GateLimit {
  const [namespace, kind, subject, concurrency, rateCount, periodMs, burst, updatedAt, , ...paused] = row;
  const pause = pauseOf(paused);
  const rate: Rate | undefined =
    rateCount === null || periodMs === null || burst === null
      ? undefined
      : { count: rateCount, periodMs, burst };
  return {
    namespace,
    kind: limitKinds.word(kind),
    subject,
    concurrency: concurrency ?? undefined,
    rate,
    ...(pause && { pause }),
    updatedAt,
  };
}
