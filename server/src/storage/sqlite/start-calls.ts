import type { Accepting } from "./accepting.ts";
import { createCanvasCalls } from "./canvases/submit.ts";
import { createScheduleCalls } from "./schedules/calls.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write what starts tasks: canvases, and schedules, which start these too. */
export function createStartCalls(writing: Writing, { accept, acceptPromised }: Accepting) {
  const canvases = createCanvasCalls(writing, accept);
  const { submitCanvas } = canvases;
  return { ...canvases, ...createScheduleCalls(writing, { acceptPromised, submitCanvas }) };
}
