import { dueAfter, type GateLimit, type LimitKind } from "../../model/gate.ts";
import type { LimitedGate, LiveLimit } from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import { limitKinds } from "../sql/limit-rows.ts";
import { float8s, int2s, texts } from "./arrays.ts";
import type { Picture } from "./gate-picture.ts";
import { readDue } from "./gate-reads.ts";
import { type Rules, ruleKey } from "./rules.ts";
import { type Session, statement } from "./session.ts";

/** What a limit is about, within the store. */
export type LimitPlace = { readonly kind: LimitKind; readonly text: string };

/** The limits in force, and when their next grants are due, in one transaction. */
export type LiveLimits = {
  /** A limit, as far as it is known when its next grant is due; asks the picture for that otherwise. */
  of(place: LimitPlace): LiveLimit | undefined;
  /** Whether there is a limit. */
  has(place: LimitPlace): boolean;
  all(): Iterable<GateLimit>;
  /** A limit was put, or taken away, in this transaction. */
  replace(place: LimitPlace, limit: GateLimit | undefined): void;
  /** Counts grants against the rates of these, one each. Under the lock of their gates. */
  took(places: readonly LimitPlace[], now: Instant): Promise<void>;
  /** Gates were left before all was in order. */
  leaveUntidy(gates: readonly LimitedGate[]): Promise<void>;
};

const setDue = statement(`
  UPDATE limits l SET due_at = u.due_at FROM unnest($1::int2[], $2::text[], $3::float8[]) AS u(kind, subject, due_at)
    JOIN namespaces n ON n.name = split_part(u.subject, ' ', 1)
  WHERE l.namespace = n.id AND l.kind = u.kind AND l.subject = substr(u.subject, length(n.name) + 2)`);
const setUntidy = statement(`
  UPDATE limits l SET untidy = true FROM unnest($1::int2[], $2::text[]) AS u(kind, subject)
    JOIN namespaces n ON n.name = split_part(u.subject, ' ', 1)
  WHERE l.namespace = n.id AND l.kind = u.kind AND l.subject = substr(u.subject, length(n.name) + 2)`);

/** Makes them from the rules that hold. */
export function createLiveLimits(db: Session, rules: Rules, want: Picture["want"]): LiveLimits {
  // Copied when it is first changed: most transactions have nothing to do with limits.
  let limits: ReadonlyMap<string, GateLimit> = rules.limits;
  const due = new Map<string, number>();
  const keyOf = ({ kind, text }: LimitPlace): string => ruleKey(kind, text);

  async function readDueOf(places: readonly LimitPlace[]): Promise<void> {
    for (const [kind, own] of Map.groupBy(places, (place) => place.kind)) {
      const found = await readDue(
        db,
        limitKinds.code(kind),
        own.map(({ text }) => text),
      );
      for (const { text } of own) due.set(ruleKey(kind, text), found.get(text) ?? 0);
    }
  }

  return {
    has: (place) => limits.has(keyOf(place)),
    all: () => limits.values(),
    of(place) {
      const limit = limits.get(keyOf(place));
      if (limit === undefined) return undefined;
      const dueAt = limit.rate === undefined ? 0 : due.get(keyOf(place));
      return { limit, dueAt: dueAt ?? want(() => readDueOf([place])) };
    },
    replace(place, limit) {
      const changed = new Map(limits);
      if (limit === undefined) changed.delete(keyOf(place));
      else changed.set(keyOf(place), limit);
      limits = changed;
      due.delete(keyOf(place));
    },
    async took(places, now) {
      const rated = places.filter((place) => limits.get(keyOf(place))?.rate !== undefined);
      if (rated.length === 0) return;
      const counted = [...Map.groupBy(rated, keyOf).values()].flatMap(([place, ...others]) =>
        place === undefined ? [] : [{ place, taken: others.length + 1 }],
      );
      await readDueOf(counted.map(({ place }) => place));
      const moved = counted.flatMap(({ place, taken }) => {
        const rate = limits.get(keyOf(place))?.rate;
        return rate === undefined
          ? []
          : [{ place, dueAt: dueAfter(rate, due.get(keyOf(place)) ?? 0, { now, taken }) }];
      });
      for (const { place, dueAt } of moved) due.set(keyOf(place), dueAt);
      await db.run(
        setDue,
        int2s(moved.map(({ place }) => limitKinds.code(place.kind))),
        texts(moved.map(({ place }) => place.text)),
        float8s(moved.map(({ dueAt }) => dueAt)),
      );
    },
    async leaveUntidy(gates) {
      await db.run(
        setUntidy,
        int2s(gates.map(({ kind }) => limitKinds.code(kind))),
        texts(gates.map(({ text }) => text)),
      );
    },
  };
}
