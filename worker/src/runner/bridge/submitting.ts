import { type CanvasCalls, type ClientGate, canvasCallNames } from "@stem/sdk/internal";
import type { AnswerTable } from "./answering.ts";
import type { Asking } from "./asking.ts";

type Watched = CanvasCalls["watchCanvas"] extends (...args: never) => AsyncIterable<infer Page>
  ? Page
  : never;

/** The calls about canvases in a thread or child process: each goes to the worker's client by its name. */
export function askedCanvasCalls(asking: Asking): CanvasCalls {
  const calls = canvasCallNames.map((name) => [name, (request: object) => asking.ask(name, [request])]);
  return {
    ...(Object.fromEntries(calls) as unknown as Omit<CanvasCalls, "watchCanvas">),
    watchCanvas: (canvasId, signal) =>
      asking.pages("watchCanvas", [canvasId], signal) as AsyncIterable<Watched>,
  };
}

/** The worker's side of it. */
export function answeredSubmitting(gate: () => ClientGate): AnswerTable {
  const calls = canvasCallNames.map((name) => {
    const answer = ([request]: readonly unknown[]): unknown => {
      const call = gate().canvases[name] as (request: unknown) => Promise<unknown>;
      return call(request);
    };
    return [name, answer] as const;
  });
  return {
    ...Object.fromEntries(calls),
    async watchCanvas([canvasId], { signal, emit }) {
      for await (const page of gate().canvases.watchCanvas(String(canvasId), signal)) emit(page);
    },
  };
}
