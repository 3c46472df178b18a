import { getPosition, getTimes, type SunTimeName } from "suncalc";
import { type Instant, instantOf } from "../model/ids.ts";
import { type Slots, type SolarEvent, type SolarSpec, scheduleBounds } from "../model/schedule.ts";

const dayMs = 86_400_000;

/** What the library calls it, and how high the middle of the sun is then, in degrees; at noon it is as high as it gets. */
const moments: Readonly<
  Record<SolarEvent, { readonly name: SunTimeName | "solarNoon"; readonly height?: number }>
> = {
  astronomical_dawn: { name: "nightEnd", height: -18 },
  nautical_dawn: { name: "nauticalDawn", height: -12 },
  dawn: { name: "dawn", height: -6 },
  sunrise: { name: "sunrise", height: -0.833 },
  solar_noon: { name: "solarNoon" },
  sunset: { name: "sunset", height: -0.833 },
  dusk: { name: "dusk", height: -6 },
  nautical_dusk: { name: "nauticalDusk", height: -12 },
  astronomical_dusk: { name: "night", height: -18 },
};

/**
 * When the sun does something, to the whole second before it, day after day; days on which it does not are passed over. The
 * days are those of the place, so that each has its own event wherever it is.
 */
export function createSolarSlots({ event, latitude, longitude, offsetMs }: SolarSpec): Slots {
  const { name, height } = moments[event];

  function onDay(day: number): Instant | undefined {
    const at = getTimes(new Date((day + 0.5) * dayMs), latitude, longitude)[name];
    if (at === null || !isThere(at)) return undefined;
    return instantOf(Math.floor(at.getTime() / 1000) * 1000 + offsetMs);
  }

  /**
   * On a day or two before and after polar days and nights, when the sun only just reaches a height, the library is off by hours,
   * even into another day. These count as days without the event. A degree allows for refraction, which it adds to heights.
   */
  const isThere = (at: Date): boolean =>
    height === undefined || Math.abs(getPosition(at, latitude, longitude).altitude - height) < 1;

  return {
    nextAfter(after) {
      // A day's event is within two of its beginning in UTC, whichever the place: a day of its own, and half of one to its noon.
      const first = Math.floor((after - offsetMs) / dayMs) - 2;
      for (let day = first; day <= first + scheduleBounds.solarDaysAhead + 2; day++) {
        const at = onDay(day);
        if (at !== undefined && at > after) return at;
      }
      return undefined;
    },
  };
}
