import type { GateLimit, LimitKind, Rate } from "../../model/gate.ts";
import type { Instant, Namespace } from "../../model/ids.ts";
import type { Pause } from "../../model/pause.ts";
import { createCodes } from "./codes.ts";

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
  pausedAt: Instant | null,
  pauseReason: string | null,
  pausedBy: string | null,
  resumeAt: Instant | null,
];

/** The limit that a row means. */
export function limitOf(row: LimitRow): GateLimit {
  const [namespace, kind, subject, concurrency, rateCount, periodMs, burst, updatedAt] = row;
  const pause = pauseOf(row);
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

function pauseOf(row: LimitRow): Pause | undefined {
  const [at, reason, by, resumeAt] = row.slice(9) as [
    Instant | null,
    string | null,
    string | null,
    Instant | null,
  ];
  if (at === null) return undefined;
  return { reason: reason ?? "", at, ...(by !== null && { by }), ...(resumeAt !== null && { resumeAt }) };
}
