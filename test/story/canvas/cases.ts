import { chainCases } from "./chains.ts";
import { chordCases } from "./chords.ts";
import { groupCases } from "./groups.ts";
import { retryCases } from "./retries.ts";
import type { StoryTest } from "./story.ts";

/** What canvases give, on every store. */
export function canvasCases(test: StoryTest): void {
  for (const register of [chainCases, groupCases, chordCases, retryCases]) register(test);
}
