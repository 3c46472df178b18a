import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { GrantSchema, SettlementSchema } from "@stem/proto/stem/v1/lease_pb";
import type { StopError } from "../../errors.ts";
import { HeldLease } from "../../lease.ts";
import type { Registry } from "../../registry.ts";
import { failed, type Outcome } from "../../settlement.ts";
import { Asking } from "../bridge/asking.ts";
import { askedContextCalls, askedLog } from "../bridge/context-calls.ts";
import { unpackError } from "../bridge/crossing-errors.ts";
import { type AskedEnqueuer, askedEnqueuer } from "../bridge/enqueuing.ts";
import type { FromHost, HostRequest, RecycleRule, RetireReason, ToHost } from "../bridge/messages.ts";
import { createInProcessRunner } from "../in-process.ts";
import { loadModule } from "./modules.ts";

/** Where an attempt runs. */
export type HostSelf = {
  readonly post: (message: FromHost) => void;
  /** What the host holds, for itself alone. */
  readonly memoryBytes: () => number;
  /** How many attempts the host has run, this one included. */
  readonly count: number;
};

/** One attempt inside a thread or child process: the same runner as in the worker's own process, with a context that asks the worker. */
export class HostedAttempt {
  readonly #request: HostRequest;
  readonly #self: HostSelf;
  readonly #asking: Asking;
  readonly #lease: HeldLease;
  #enqueuer: AskedEnqueuer | undefined;

  constructor(request: HostRequest, self: HostSelf) {
    this.#request = request;
    this.#self = self;
    this.#asking = new Asking(self.post);
    const grant = fromBinary(GrantSchema, request.grant);
    // Its times are the worker's business, which says when to stop.
    const never = Number.POSITIVE_INFINITY;
    this.#lease = new HeldLease(grant, { seq: 0, leaseMs: never, countedFrom: 0, startBy: never });
  }

  /** Takes what the worker says. */
  receive(message: ToHost): void {
    if (message.kind === "stop") this.#lease.abort(unpackError(message.error) as StopError);
    else if (message.kind === "warn") this.#lease.warn();
    else this.#asking.receive(message);
  }

  /** Runs it, and says how it ended. True when the host is to be replaced. */
  async run(): Promise<boolean> {
    const { outcome, isLoaded } = await this.#outcome();
    // What the handler enqueued without waiting for it leaves all the same, as it would from the worker's own process.
    await this.#enqueuer?.idle();
    const memoryBytes = this.#self.memoryBytes();
    const retire = isLoaded
      ? retireReason(this.#request.recycle, { memoryBytes, count: this.#self.count })
      : "load";
    const settlement = toBinary(SettlementSchema, {
      $typeName: "stem.v1.Settlement",
      leaseToken: new Uint8Array(),
      outcome,
    });
    this.#self.post({ kind: "ended", settlement, retire, memoryBytes });
    return retire !== undefined;
  }

  async #outcome(): Promise<{ readonly outcome: Outcome; readonly isLoaded: boolean }> {
    let registry: Registry;
    try {
      registry = await loadModule(this.#request.module);
    } catch (error) {
      // A module that failed to load fails for as long as its thread or process lives.
      return { outcome: failed(error), isLoaded: false };
    }
    this.#self.post({ kind: "started" });
    const runner = createInProcessRunner({
      ...askedContextCalls(this.#asking),
      log: askedLog(this.#asking),
      keepLog: this.#request.keepLog,
      enqueuer: () => {
        this.#enqueuer ??= askedEnqueuer(this.#asking);
        return this.#enqueuer;
      },
      registry,
      resultBytesMax: () => this.#request.resultBytesMax,
    });
    return { outcome: await runner.run(this.#lease), isLoaded: true };
  }
}

function retireReason(
  { afterTasks, memoryBytesMax }: RecycleRule,
  { memoryBytes, count }: { readonly memoryBytes: number; readonly count: number },
): RetireReason | undefined {
  if (afterTasks !== undefined && count >= afterTasks) return "tasks";
  return memoryBytesMax !== undefined && memoryBytes >= memoryBytesMax ? "memory" : undefined;
}
