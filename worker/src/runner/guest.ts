import { fromBinary } from "@bufbuild/protobuf";
import { SettlementSchema } from "@stem/proto/stem/v1/lease_pb";
import type { CancelTimer, ClientGate, Clock } from "@stem/sdk/internal";
import type { ContextDeps } from "../context.ts";
import { RunnerLost, TaskCancelled, WorkerStopping } from "../errors.ts";
import type { Gatherer } from "../gatherer.ts";
import type { HeldLease } from "../lease.ts";
import { failed, type Outcome } from "../settlement.ts";
import { Answering } from "./bridge/answering.ts";
import { answeredContextCalls } from "./bridge/context-calls.ts";
import { packError } from "./bridge/crossing-errors.ts";
import { answeredEnqueuing } from "./bridge/enqueuing.ts";
import type { AttemptFromHost } from "./bridge/messages.ts";
import type { HostGuest, SharedHost } from "./shared-host.ts";

/** What an attempt in a host needs. */
export type GuestDeps = ContextDeps & {
  readonly clock: Clock;
  readonly gate: () => ClientGate;
  /** How long a handler may go on after its signal aborted. */
  readonly abortGraceMs: number;
  /** A lease has a deadline of its own. */
  readonly watch: (time: number) => void;
};

// A module that loads for longer than this hangs, and its lease with it.
const loadMsMax = 60_000;

/** The worker's side of one attempt in a host. */
export class Guest implements HostGuest {
  readonly lease: HeldLease;
  readonly #deps: GuestDeps;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #answering: Answering;
  readonly #onAbort = (): void => this.#stop();
  #waitsIn: Gatherer<Guest> | undefined;
  #host: SharedHost | undefined;
  #isLoaded = false;
  #cancelLoad: CancelTimer | undefined;
  #cancelKill: CancelTimer | undefined;

  constructor(lease: HeldLease, deps: GuestDeps, resolve: (outcome: Outcome) => void) {
    this.lease = lease;
    this.#deps = deps;
    this.#resolve = resolve;
    this.#answering = new Answering((answer) => this.#host?.post(this, answer), {
      ...answeredContextCalls(deps, lease),
      ...answeredEnqueuing(deps.gate),
    });
    // A time limit is for the handler, which does not run before its host does.
    lease.holdLimit();
    lease.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Waits for others to run with. One that is told to stop does not wait any longer. */
  wait(gatherer: Gatherer<Guest>): void {
    this.#waitsIn = gatherer;
    if (this.lease.stop === undefined) gatherer.add(this);
    else this.#end(failed(this.lease.stop));
  }

  /** Its host is there, or will be. */
  start(host: SharedHost): void {
    this.#host = host;
    const { softTimeLimitMs, softSignal, stop } = this.lease;
    this.lease.kill = () => host.kill();
    this.#cancelLoad = this.#deps.clock.after(loadMsMax, () => host.kill());
    if (softTimeLimitMs !== undefined)
      softSignal.addEventListener("abort", () => host.post(this, { kind: "warn" }), { once: true });
    if (stop !== undefined) this.#stop();
  }

  started(): void {
    const { clock, watch } = this.#deps;
    this.#isLoaded = true;
    this.#cancelLoad?.();
    if (this.lease.stop !== undefined || this.lease.phase !== "running") return;
    this.lease.begin(clock.now());
    const dueAt = Math.min(this.lease.limitAt, this.lease.softAt);
    if (dueAt !== Number.POSITIVE_INFINITY) watch(dueAt);
  }

  receive(message: AttemptFromHost): void {
    if (message.kind === "ended") this.#end(fromBinary(SettlementSchema, message.settlement).outcome);
    else this.#answering.receive(message);
  }

  gone(error: unknown): void {
    if (this.lease.stop !== undefined) this.#end(failed(this.lease.stop));
    else if (this.#isLoaded) this.#end(failed(new RunnerLost(error)));
    else this.#end(failed(new RunnerLost(error, "its module did not load")));
  }

  #stop(): void {
    const host = this.#host;
    if (host === undefined) {
      if (this.#waitsIn?.remove(this)) this.#end(failed(this.lease.stop));
      return;
    }
    host.post(this, { kind: "stop", error: packError(this.lease.stop) });
    const { stop } = this.lease;
    // When a worker that stops has waited long enough is for it to say.
    if (stop instanceof WorkerStopping) return;
    const { clock, abortGraceMs } = this.#deps;
    // Before the server could hand the task to somebody else.
    const graceMs = Math.min(abortGraceMs, this.lease.killWithinMs(clock.now()));
    // What one task's producer no longer wants is no reason to end others of its batch; that it might overlap another attempt is.
    const end = stop instanceof TaskCancelled ? () => host.leave(this) : () => host.kill();
    this.#cancelKill?.();
    this.#cancelKill = clock.after(graceMs, end);
  }

  #end(outcome: Outcome): void {
    this.#cancelLoad?.();
    this.#cancelKill?.();
    this.#answering.close();
    this.lease.signal.removeEventListener("abort", this.#onAbort);
    this.lease.kill = undefined;
    this.#host?.ended(this);
    this.#resolve(outcome);
  }
}
