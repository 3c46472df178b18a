import type { Instant } from "../../model/ids.ts";
import type { NotMade } from "../../model/slot-outcome.ts";
import type { FireVerdict, ScheduleFire, SlotStart } from "../../ports/schedule-store.ts";
import { notMadeWhy } from "../not-made.ts";
import { inPieces, piecesOf } from "./batches.ts";
import { argsOfCanvas, type CanvasEntry, enterCanvas, isLarge } from "./canvas-entry.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { argsOfProgress, argsOfRecord } from "./schedule-rows.ts";
import { argsOfTask } from "./task-args.ts";
import { listOf, numberOf, textOf } from "./unpacked.ts";
import { itemsOf } from "./verdicts.ts";

const fireVerb: Verb = { room: "operations", name: "fireSchedules", grows: true };

/**
 * Applies decisions, many in a script: as many as take it a few milliseconds. Each is guarded and applied by one, with all that it
 * starts, so that two servers that fire a slot start it once.
 */
export async function fireSchedules(
  runner: Runner,
  fires: readonly ScheduleFire[],
  now: Instant,
): Promise<readonly FireVerdict[]> {
  const entries: Entries = new Map();
  // Nothing is waited for where there are none, so that calls take effect in the order in which they are made.
  for (const { starts } of fires)
    for (const one of starts)
      if (one.kind === "canvas" && isLarge(one.canvas))
        entries.set(one, await enterCanvas(runner, one.canvas, now));
  const pieces = piecesOf(fires, ({ ref }) => ref.namespace, { sizeOf });
  return inPieces(pieces, async ({ namespace, items }) => {
    const asked = items.map((fire) => argsOfFire(fire, entries, now));
    const verdicts = listOf(await runner.ofSpace(namespace, fireVerb, [asked, now]));
    return verdicts.map((verdict, at) => verdictOf(verdict, items[at]));
  });
}

/** What became of the large canvases that were judged before. */
type Entries = Map<SlotStart, CanvasEntry>;

/** A decision by itself takes a script about as long as a task that it starts. */
const sizeOf = ({ starts }: ScheduleFire): number => starts.reduce((sum, one) => sum + tasksOf(one), 1);

const tasksOf = (one: SlotStart): number => (one.kind === "task" ? 1 : one.canvas.start.tasks.length);

/** In the order that scripts/schedules.ts tells. */
function argsOfFire(
  { ref, revision, round, records, starts, after }: ScheduleFire,
  entries: Entries,
  now: Instant,
): Packable {
  const numbers = new Map(records.map(({ place }, at) => [place, at + 1]));
  return [
    ref.id,
    [revision, round],
    records.map(argsOfRecord),
    starts.map((one) => [numbers.get(one.place), ...argsOfStart(one, entries.get(one), now)]),
    after !== "removed" && argsOfProgress(after),
  ];
}

/** A canvas that may not come in is told as one that was not made. */
function argsOfStart(one: SlotStart, entry: CanvasEntry | undefined, now: Instant): readonly Packable[] {
  if (one.kind === "task") return [one.kind, argsOfTask(one.task)];
  if (entry === undefined) return [one.kind, argsOfCanvas(one.canvas, now)];
  return "refused" in entry ? ["not_made", notMadeWhy(entry.refused)] : [one.kind, entry.args];
}

function verdictOf(value: Unpacked, fire: ScheduleFire | undefined): FireVerdict {
  if (value === false) return { kind: "conflict" };
  return { kind: "fired", notMade: itemsOf(value, (pair) => notMadeOf(pair, fire)) };
}

function notMadeOf(value: Unpacked, fire: ScheduleFire | undefined): NotMade {
  const [number, why] = listOf(value);
  const record = fire?.records[numberOf(number) - 1];
  if (record === undefined) throw new RangeError("a script told of a record that it was not given");
  return { place: record.place, why: textOf(why) };
}
