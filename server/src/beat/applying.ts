/** How schedules are made as they are said, many at once: all is checked first, and only what is otherwise is written. */

import { breathe } from "../lib/breathe.ts";
import type { Namespace, ScheduleId, ScheduleRef } from "../model/ids.ts";
import { type Problem, StemProblem } from "../model/problem.ts";
import { changedSchedule, newSchedule } from "../model/schedule-change.ts";
import type { Schedule, ScheduleSettings } from "../model/schedule-record.ts";
import { changedSettings, type Said } from "../model/schedule-said.ts";
import type { SchedulePut } from "../ports/schedule-store.ts";
import { slotsOf } from "./compile.ts";
import type { BeatDeps } from "./deps.ts";
import { check, conflict, type KeepingDeps, problemOf, triesMax } from "./keeping.ts";

/** What applying needs. */
export type ApplyingDeps = KeepingDeps & Pick<BeatDeps, "isSameTarget">;

/** How schedules of a namespace are to be; each is named once. */
export type ApplyWish = {
  readonly namespace: Namespace;
  readonly named: readonly { readonly id: ScheduleId; readonly settings: ScheduleSettings }[];
  /** Those are removed that are not named and whose ids begin so; undefined: none. */
  readonly prunePrefix: string | undefined;
  /** Nothing is written. */
  readonly isDryRun: boolean;
};

/** What became of a schedule, and its revision then: 0 where it is removed. */
export type AppliedSchedule = {
  readonly id: ScheduleId;
  readonly verdict: "created" | "updated" | "unchanged" | "deleted";
  readonly revision: number;
  /** What is said otherwise now, where it was updated. */
  readonly changed: readonly Said[];
};

/** refused: nothing was written, because of what is wrong with those at these places; paths begin at their settings. */
export type ApplyOutcome =
  | { readonly kind: "refused"; readonly faults: readonly ApplyFault[] }
  | { readonly kind: "applied"; readonly schedules: readonly AppliedSchedule[] };

/** What is wrong with one of those that are named. */
export type ApplyFault = { readonly at: number; readonly problem: Problem };

/** Applies. */
export type Applying = {
  /**
   * Makes schedules as they are said: what is otherwise is written, and pauses stay. Answers in the order in which they are named; then
   * those that were removed, by id. SCHEDULE_LIMIT_REACHED before anything is written, unless others make schedules meanwhile;
   * REVISION_CONFLICT. What was written by then stays, and the same wish can be asked again.
   */
  apply(wish: ApplyWish): Promise<ApplyOutcome>;
};

/** Schedules that are read or written at once: each may have a target of 256 KiB. */
const togetherMax = 64;
const pageBytesMax = 4 * 1024 * 1024;
/** Schedules that are checked in one go: each is looked through for its first slot. */
const checkedMax = 16;
/** As many as an error tells. */
const faultsMax = 10;

/** Makes it. */
export function createApplying(deps: ApplyingDeps): Applying {
  const { store, limits } = deps;

  /** What would become of each, were it written now. */
  async function planOf({ namespace, named }: ApplyWish): Promise<AppliedSchedule[]> {
    const planned: AppliedSchedule[] = [];
    for (const piece of piecesOf(named)) {
      await breathe();
      const found = await store.readSchedules(piece.map(({ id }) => ({ namespace, id })));
      for (const [at, one] of piece.entries()) planned.push(comparedWith(found[at], one, deps));
    }
    return planned;
  }

  /** Which ones go; throws SCHEDULE_LIMIT_REACHED where there were too many then. */
  async function doomedOf(wish: ApplyWish, planned: readonly AppliedSchedule[]): Promise<ScheduleId[]> {
    const { namespace, prunePrefix } = wish;
    const created = planned.filter(({ verdict }) => verdict === "created");
    if (prunePrefix === undefined && created.length === 0) return [];
    const named = new Set(wish.named.map(({ id }) => id));
    const doomed: ScheduleId[] = [];
    let kept = 0;
    for await (const id of idsOf(deps, namespace))
      if (prunePrefix !== undefined && id.startsWith(prunePrefix) && !named.has(id)) doomed.push(id);
      else kept += 1;
    const beyond = created[Math.max(0, limits.schedulesPerNamespaceMax - kept)];
    if (beyond !== undefined) throw problemOf({ kind: "limit" }, { namespace, id: beyond.id }, limits);
    return doomed;
  }

  async function write(wish: ApplyWish, planned: readonly AppliedSchedule[]): Promise<AppliedSchedule[]> {
    const { namespace, named } = wish;
    const written: AppliedSchedule[] = [];
    for (const piece of piecesOf(planned.map((plan, at) => ({ plan, said: named[at] })))) {
      await breathe();
      written.push(
        ...(await allOf(
          piece.map(async ({ plan, said }) =>
            said === undefined || plan.verdict === "unchanged"
              ? plan
              : writeOne(deps, { namespace, id: said.id }, said.settings),
          ),
        )),
      );
    }
    return written;
  }

  return {
    async apply(wish) {
      const faults = await faultsOf(deps, wish);
      if (faults.length > 0) return { kind: "refused", faults };
      const { namespace, isDryRun } = wish;
      const planned = await planOf(wish);
      const doomed = await doomedOf(wish, planned);
      // First, so that there is room for others.
      for (const piece of isDryRun ? [] : piecesOf(doomed))
        await allOf(piece.map((id) => store.deleteSchedule({ namespace, id }, undefined)));
      const written = isDryRun ? planned : await write(wish, planned);
      return { kind: "applied", schedules: [...written, ...doomed.map(deleted)] };
    },
  };
}

const deleted = (id: ScheduleId): AppliedSchedule => ({ id, verdict: "deleted", revision: 0, changed: [] });

async function faultsOf(deps: ApplyingDeps, { namespace, named }: ApplyWish): Promise<readonly ApplyFault[]> {
  const faults: ApplyFault[] = [];
  for (const [at, { id, settings }] of named.entries()) {
    if (faults.length >= faultsMax) break;
    if (at % checkedMax === 0) await breathe();
    try {
      check(deps, settings, { namespace, id });
    } catch (error) {
      if (!(error instanceof StemProblem)) throw error;
      faults.push({ at, problem: error.problem });
    }
  }
  return faults;
}

function comparedWith(
  before: Schedule | undefined,
  { id, settings }: ApplyWish["named"][number],
  { isSameTarget }: Pick<ApplyingDeps, "isSameTarget">,
): AppliedSchedule {
  if (before === undefined) return { id, verdict: "created", revision: 1, changed: [] };
  const changed = changedSettings(before.settings, settings, isSameTarget);
  return changed.length === 0
    ? { id, verdict: "unchanged", revision: before.revision, changed }
    : { id, verdict: "updated", revision: before.revision + 1, changed };
}

/** Writes one as it is, and again where it has fired or was changed meanwhile. */
async function writeOne(
  deps: ApplyingDeps,
  ref: ScheduleRef,
  settings: ScheduleSettings,
): Promise<AppliedSchedule> {
  const { store, clock, limits } = deps;
  let known = 0;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const [before] = await store.readSchedules([ref]);
    known = before?.revision ?? 0;
    const applied = comparedWith(before, { id: ref.id, settings }, deps);
    if (applied.verdict === "unchanged") return applied;
    const put = putOf(before, ref, { settings, now: clock.now() });
    const verdict = await store.putSchedule(put);
    if (verdict.kind === "conflict") continue;
    if (verdict.kind !== "done") throw problemOf(verdict, ref, limits);
    deps.planned(put.schedule);
    return applied;
  }
  throw conflict(ref, known);
}

function putOf(
  before: Schedule | undefined,
  ref: ScheduleRef,
  { settings, now }: { readonly settings: ScheduleSettings; readonly now: Schedule["createdAt"] },
): SchedulePut {
  const coming = { slots: slotsOf(settings.spec), now };
  if (before === undefined)
    return { schedule: newSchedule(ref, settings, coming), before: undefined, records: [] };
  const { revision, pause, progress } = before;
  const changed = changedSchedule(before, { settings, pause }, coming);
  return { ...changed, before: { revision, round: progress.round } };
}

/** Every schedule of a namespace, by id. */
async function* idsOf({ store, limits }: ApplyingDeps, namespace: Namespace): AsyncGenerator<ScheduleId> {
  let after: ScheduleId | undefined;
  for (;;) {
    const page = await store.listSchedules({
      ...{ namespace, after, limit: limits.pageSizeMax, bytesMax: pageBytesMax },
    });
    yield* page.map(({ id }) => id);
    after = page.at(-1)?.id;
    if (after === undefined) return;
  }
}

function piecesOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const pieces: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += togetherMax) pieces.push(items.slice(at, at + togetherMax));
  return pieces;
}

/** What all of them answer, when all of them are over; throws what the first one threw. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}
