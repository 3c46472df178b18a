import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { GrantSchema, SettlementSchema } from "@stem/proto/stem/v1/lease_pb";
import type { CancelTimer, ClientGate, Clock } from "@stem/sdk/internal";
import type { ContextDeps } from "../context.ts";
import { RunnerLost, WorkerStopping } from "../errors.ts";
import type { HeldLease } from "../lease.ts";
import { failed, type Outcome } from "../settlement.ts";
import { Answering } from "./bridge/answering.ts";
import { answeredContextCalls } from "./bridge/context-calls.ts";
import { packError } from "./bridge/crossing-errors.ts";
import { answeredEnqueuing } from "./bridge/enqueuing.ts";
import type { FromHost, HostRequest, RecycleRule } from "./bridge/messages.ts";
import type { HostPool, HostRun } from "./host-pool.ts";
import type { Runner } from "./runner.ts";

/** What running in hosts needs. */
export type HostedDeps = ContextDeps & {
  readonly clock: Clock;
  readonly pool: HostPool;
  /** The module that has the handler of a task. */
  readonly moduleOf: (taskName: string) => string;
  readonly gate: () => ClientGate;
  readonly recycle: RecycleRule;
  readonly resultBytesMax: () => number;
  /** How long a handler may go on after its signal aborted. */
  readonly abortGraceMs: number;
  /** A lease has a deadline of its own. */
  readonly watch: (time: number) => void;
};

// A module that loads for longer than this hangs, and its lease with it.
const loadMsMax = 60_000;

/** Runs handlers in threads or child processes, and ends those that go on after they were told to stop. */
export const createHostedRunner = (deps: HostedDeps): Runner => ({
  run: (lease) => new Promise((resolve) => new Attempt(lease, deps, resolve).start()),
});

/** The worker's side of one attempt in a host. */
class Attempt {
  readonly #lease: HeldLease;
  readonly #deps: HostedDeps;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #answering: Answering;
  readonly #onAbort = (): void => this.#stop();
  #run: HostRun | undefined;
  #isLoaded = false;
  #cancelLoad: CancelTimer | undefined;
  #cancelKill: CancelTimer | undefined;

  constructor(lease: HeldLease, deps: HostedDeps, resolve: (outcome: Outcome) => void) {
    this.#lease = lease;
    this.#deps = deps;
    this.#resolve = resolve;
    this.#answering = new Answering((answer) => this.#run?.post(answer), {
      ...answeredContextCalls(deps, lease),
      ...answeredEnqueuing(deps.gate),
    });
  }

  start(): void {
    const { clock, pool } = this.#deps;
    // A time limit is for the handler, which does not run before its host does.
    this.#lease.holdLimit();
    this.#lease.kill = () => this.#run?.kill();
    this.#cancelLoad = clock.after(loadMsMax, () => this.#run?.kill());
    this.#run = pool.start(this.#request(), {
      onMessage: (message) => this.#receive(message),
      onGone: (error) => this.#gone(error),
    });
    const { signal, softTimeLimitMs, softSignal } = this.#lease;
    if (softTimeLimitMs !== undefined)
      softSignal.addEventListener("abort", () => this.#run?.post({ kind: "warn" }), { once: true });
    if (signal.aborted) this.#stop();
    else signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  #request(): HostRequest {
    const { grant } = this.#lease;
    return {
      module: this.#deps.moduleOf(this.#lease.task.name),
      grant: toBinary(GrantSchema, { ...grant, leaseToken: new Uint8Array() }),
      resultBytesMax: this.#deps.resultBytesMax(),
      keepLog: this.#deps.keepLog,
      recycle: this.#deps.recycle,
    };
  }

  #receive(message: FromHost): void {
    switch (message.kind) {
      case "started":
        this.#isLoaded = true;
        this.#cancelLoad?.();
        this.#begin();
        break;
      case "ended":
        this.#end(fromBinary(SettlementSchema, message.settlement).outcome);
        break;
      default:
        this.#answering.receive(message);
    }
  }

  #begin(): void {
    const { clock, watch } = this.#deps;
    if (this.#lease.stop !== undefined || this.#lease.phase !== "running") return;
    this.#lease.begin(clock.now());
    const dueAt = Math.min(this.#lease.limitAt, this.#lease.softAt);
    if (dueAt !== Number.POSITIVE_INFINITY) watch(dueAt);
  }

  #stop(): void {
    const { clock, abortGraceMs } = this.#deps;
    this.#run?.post({ kind: "stop", error: packError(this.#lease.stop) });
    // When a worker that stops has waited long enough is for it to say.
    if (this.#lease.stop instanceof WorkerStopping) return;
    // Before the server could hand the task to somebody else.
    const graceMs = Math.min(abortGraceMs, this.#lease.killWithinMs(clock.now()));
    this.#cancelKill = clock.after(graceMs, () => this.#run?.kill());
  }

  #gone(error: unknown): void {
    if (this.#lease.stop !== undefined) this.#end(failed(this.#lease.stop));
    else if (this.#isLoaded) this.#end(failed(new RunnerLost(error)));
    else this.#end(failed(new RunnerLost(error, "its module did not load")));
  }

  #end(outcome: Outcome): void {
    this.#cancelLoad?.();
    this.#cancelKill?.();
    this.#answering.close();
    this.#lease.signal.removeEventListener("abort", this.#onAbort);
    this.#resolve(outcome);
  }
}
