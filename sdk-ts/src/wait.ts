import type { Progress, Task } from "@stem/proto/stem/v1/task_pb";
import type { AwaitPool } from "./await-pool.ts";
import type { Clock } from "./clock.ts";
import { ResultTimeoutError } from "./task-errors.ts";
import { isTerminal, stateFromProto, type TaskState } from "./task-state.ts";

/** How long to wait for a task's end. */
export type WaitOptions = {
  /** Give up after this long. Default: wait for ever. */
  readonly timeoutMs?: number | undefined;
  /** Give up when it aborts, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with what the handler reports meanwhile. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
};

/** Waits until a task has ended; rejects when the time is over, the signal aborts, or there is no such task. */
export function waitForEnd(
  pool: AwaitPool,
  clock: Clock,
  taskId: string,
  options: WaitOptions,
): Promise<Task> {
  const { timeoutMs, signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let state: TaskState | undefined;
    let end: (() => void) | undefined;
    const giveUp = (error: unknown): void => {
      end?.();
      reject(error);
    };
    const onAbort = (): void => giveUp(signal?.reason);
    const cancelTimer =
      timeoutMs === undefined
        ? undefined
        : clock.after(timeoutMs, () => giveUp(new ResultTimeoutError(taskId, timeoutMs, state)));
    signal?.addEventListener("abort", onAbort, { once: true });
    const stop = pool.watch(taskId, {
      onTask(task) {
        state = stateFromProto(task.state);
        if (state === undefined || !isTerminal(state)) return;
        end?.();
        resolve(task);
      },
      onProgress(progress) {
        try {
          onProgress?.(progress);
        } catch (error) {
          giveUp(error);
        }
      },
      onError: giveUp,
    });
    end = () => {
      cancelTimer?.();
      signal?.removeEventListener("abort", onAbort);
      stop();
    };
  });
}
