/** Bounds how long a call may take, and ends streams when the server closes. */

import type { DescMethod } from "@bufbuild/protobuf";
import { LockService } from "@stem/proto/stem/v1/lock_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CallContext, Interceptor } from "../call.ts";
import { isUnary } from "../handler-kinds.ts";
import { around } from "./around.ts";
import { createInterrupt, type Interrupt, interruptible } from "./interrupt.ts";

/** What bounding calls needs. */
export type DeadlineDeps = {
  readonly clock: Clock;
  readonly limits: Limits;
  /** Aborts when the server closes: streams end then, with DRAINING. */
  readonly closing: AbortSignal;
};

/** Deadlines beyond this are cut to it: timers hold no more than 24.8 days. */
export const deadlineMsMax = 24 * 86_400_000;

/** How long a call may take in milliseconds: what its caller says, or for a unary call the server's own bound. */
export function deadlineMs(
  method: DescMethod,
  timeoutMs: number | undefined,
  limits: Limits,
): number | undefined {
  if (timeoutMs !== undefined) return Math.min(timeoutMs, deadlineMsMax);
  if (!isUnary(method)) return undefined;
  return limits.unaryMsMax + waitMsMax(method, limits);
}

/** How long a unary call may wait on purpose. */
function waitMsMax(method: DescMethod, limits: Limits): number {
  if (method === WorkerService.method.leaseTasks) return limits.leaseWaitMsMax;
  return method === LockService.method.acquireLock ? limits.lockWaitMsMax : 0;
}

/** Answers DEADLINE_EXCEEDED when a call's time is over, and DRAINING to streams when the server closes. */
export const boundCalls = (deps: DeadlineDeps): Interceptor =>
  around(
    (method, next) => async (request, context) => {
      const interrupt = createInterrupt(context.signal);
      const stop = startDeadline(method, context, interrupt, deps);
      try {
        return await interrupt.race(next(request, { ...context, signal: interrupt.signal }));
      } finally {
        stop();
      }
    },
    (method, next) =>
      async function* (request, context) {
        const interrupt = createInterrupt(context.signal);
        const stop = startDeadline(method, context, interrupt, deps);
        const close = (): void => interrupt.fire(new StemProblem({ reason: "DRAINING" }));
        deps.closing.addEventListener("abort", close);
        if (deps.closing.aborted) close();
        try {
          yield* interruptible(next(request, { ...context, signal: interrupt.signal }), interrupt);
        } finally {
          deps.closing.removeEventListener("abort", close);
          stop();
        }
      },
  );

function startDeadline(
  method: DescMethod,
  context: CallContext,
  interrupt: Interrupt,
  { clock, limits }: DeadlineDeps,
): () => void {
  const limitMs = deadlineMs(method, context.timeoutMs, limits);
  if (limitMs === undefined) return () => undefined;
  return clock.after(limitMs, () =>
    interrupt.fire(new StemProblem({ reason: "DEADLINE_EXCEEDED", limitMs: Math.round(limitMs) })),
  );
}
