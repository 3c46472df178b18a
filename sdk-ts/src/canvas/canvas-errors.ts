import type { CanvasCause } from "./canvas-cause.ts";
import type { CanvasState } from "./canvas-status.ts";

/** The canvas ended badly, for good. Its `cause` is the remote error that it began with, where there was one. */
export class CanvasFailedError extends Error {
  override readonly name = "CanvasFailedError";
  readonly canvasId: string;
  /** What made it fail: the first of its tasks that did not succeed, or that its time was over. */
  readonly why: CanvasCause | undefined;

  constructor(canvasId: string, why: CanvasCause | undefined) {
    super(`canvas ${canvasId} failed: ${wordsOf(why)}`, why?.failure && { cause: remoteError(why) });
    this.canvasId = canvasId;
    this.why = why;
  }
}

function wordsOf(why: CanvasCause | undefined): string {
  if (why === undefined) return "no reason given";
  const { taskId, reason, failure } = why;
  const what = failure?.failure ? `${failure.failure.type}: ${failure.failure.message}` : reason;
  return taskId === undefined ? what : `task ${taskId} ${why.state ?? "did not succeed"}: ${what}`;
}

function remoteError({ failure, reason }: CanvasCause): Error {
  const { type = "Error", message = reason, stack = "" } = failure?.failure ?? {};
  const error = new Error(message);
  error.name = type;
  error.stack = stack === "" ? `${type}: ${message}` : stack;
  return error;
}

/** The canvas was cancelled; there will be no result. */
export class CanvasCancelledError extends Error {
  override readonly name = "CanvasCancelledError";
  readonly canvasId: string;
  /** Why, as far as anybody said. */
  readonly why: CanvasCause | undefined;

  constructor(canvasId: string, why: CanvasCause | undefined) {
    super(`canvas ${canvasId} was cancelled`);
    this.canvasId = canvasId;
    this.why = why;
  }
}

/** The canvas had not ended in the time that the caller was willing to wait. It goes on; ask again when you like. */
export class CanvasTimeoutError extends Error {
  override readonly name = "CanvasTimeoutError";
  readonly canvasId: string;
  readonly timeoutMs: number;
  /** The state last seen; undefined when the server did not answer in that time. */
  readonly state: CanvasState | undefined;

  constructor(canvasId: string, timeoutMs: number, state: CanvasState | undefined) {
    super(`canvas ${canvasId} had not ended after ${timeoutMs} ms; it was ${state ?? "not seen"}`);
    this.canvasId = canvasId;
    this.timeoutMs = timeoutMs;
    this.state = state;
  }
}
