import { chainCases } from "./chains.ts";
import { chordCases } from "./chords.ts";
import { groupCases } from "./groups.ts";
import { retryCases } from "./retries.ts";
import type { StoryTest } from "./story.ts";

/**
 * What canvases give, on every store. Numbers beside the cases are those of the list of canvases whose values are known from elsewhere. Of
 * that list 11 is in with-workers.test.ts, for it needs a worker with a clock. One value is another one, that of 23: a chain that ends in a
 * group is one member of its group and leaves a list, as 41 and 63 say, however many members there are beside it; the list has it flat
 * where it is the only one, and says itself that it does not work there.
 */
export function canvasCases(test: StoryTest): void {
  for (const register of [chainCases, groupCases, chordCases, retryCases]) register(test);
}
