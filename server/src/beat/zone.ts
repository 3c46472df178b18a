import { remembered } from "../lib/remembered.ts";
import { type Instant, instantOf } from "../model/ids.ts";
import { scheduleBounds } from "../model/schedule.ts";

/** A moment at which a zone's clocks are put forward or back: how far they were ahead of UTC until then, and are from then on, in ms. */
export type ClockChange = { readonly at: Instant; readonly before: number; readonly after: number };

/**
 * How the clocks of a zone go. Its rules come from Node's own data, by way of Intl. A local time is written as the epoch
 * milliseconds that it would be if its clock showed UTC.
 */
export type Zone = {
  /** How far its clocks are ahead of UTC, in milliseconds. */
  offsetAt(instant: number): number;
  /** The first change after `from`, if it is not after `to`. */
  changeAfter(from: number, to: number): ClockChange | undefined;
  /** The first instant at which clocks show that local time; if they leave it out, the instant at which they do. */
  instantOf(local: number): Instant;
};

const dayMs = 86_400_000;
/** What is remembered as one piece, and how closely it is looked at: no zone has changed twice in less than 7 days since 1970. */
const spanDays = 384;
const stepDays = 6;
const spanMs = spanDays * dayMs;

type Span = { readonly offset: number; readonly changes: readonly ClockChange[] };

/** The zone of that name, which knowsZone answers for. What is found out is remembered: asking Intl takes microseconds. */
export const zoneOf: (name: string) => Zone = remembered(500, createZone);

/** Whether Node knows a zone of that IANA name. An offset such as +05:30 is not a zone. */
export const knowsZone = (name: string): boolean =>
  name.length <= scheduleBounds.zoneCharsMax && /^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name) && isKnown(name);

/** Making a formatter costs a third of a millisecond: as much as all else about a schedule that is made. */
const isKnown = remembered(500, (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).format(0) !== "";
  } catch {
    return false;
  }
});

function createZone(name: string): Zone {
  const read = offsetReader(name);
  const spanAt = remembered(400, (index: number) => readSpan(index, read));

  function offsetAt(instant: number): number {
    const { offset, changes } = spanAt(Math.floor(instant / spanMs));
    let found = offset;
    for (const change of changes) if (change.at <= instant) found = change.after;
    return found;
  }

  function changeAfter(from: number, to: number): ClockChange | undefined {
    const last = Math.floor(to / spanMs);
    for (let index = Math.floor(from / spanMs); index <= last; index++) {
      for (const change of spanAt(index).changes) {
        if (change.at > from) return change.at <= to ? change : undefined;
      }
    }
    return undefined;
  }

  function firstInstantOf(local: number): Instant {
    // Clocks differ from UTC by less than a day, so that what decides happens within one.
    let offset = offsetAt(local - dayMs);
    let earliest = local - dayMs;
    for (;;) {
      const change = changeAfter(earliest, local + dayMs);
      if (change === undefined || local < change.at + offset) break;
      earliest = change.at;
      offset = change.after;
    }
    return instantOf(Math.max(earliest, local - offset));
  }

  return { offsetAt, changeAfter, instantOf: firstInstantOf };
}

/** The changes after the span's beginning, up to and with its end, which is the next one's beginning. */
function readSpan(index: number, read: (instant: number) => number): Span {
  const begin = index * spanMs;
  const offset = read(begin);
  const changes: ClockChange[] = [];
  let before = offset;
  for (let day = stepDays; day <= spanDays; day += stepDays) {
    const to = begin + day * dayMs;
    const last = read(to);
    let from = to - stepDays * dayMs;
    while (before !== last) {
      const at = firstOther({ from, to }, (instant) => read(instant) === before);
      const after = read(at);
      changes.push({ at: instantOf(at), before, after });
      before = after;
      from = at;
    }
  }
  return { offset, changes };
}

/** The first whole second after `from` that is not the same any more, given that `to` is not. */
function firstOther(range: { from: number; to: number }, isSame: (instant: number) => boolean): number {
  let same = range.from / 1000;
  let other = range.to / 1000;
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (isSame(middle * 1000)) same = middle;
    else other = middle;
  }
  return other * 1000;
}

/** Reads a zone's offset as Intl writes it: GMT, GMT+05:30, or GMT-04:56:02 from the days of local mean time. */
function offsetReader(name: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    timeZoneName: "longOffset",
    year: "numeric",
  });
  return (instant) => {
    const found = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(instant));
    if (found === null) throw new Error(`no offset of ${name} in ${format.format(instant)}`);
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = found;
    const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return sign === "-" ? -ms : ms;
  };
}
