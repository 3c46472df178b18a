import { chainCases } from "./chains.ts";
import { chordCases } from "./chords.ts";
import { groupCases } from "./groups.ts";
import { retryCases } from "./retries.ts";
import type { StoryTest } from "./story.ts";

/**
 * What canvases give, on every store. Numbers beside the cases are those of the list of canvases whose values are known from elsewhere. Of
 * that list 11 is in with-workers.test.ts, for it needs a worker with a clock; 75 is left out: it is about stamps, which a canvas has no
 * need of, since tags and headers can be said of each of its tasks.
 */
export function canvasCases(test: StoryTest): void {
  for (const register of [chainCases, groupCases, chordCases, retryCases]) register(test);
}
