import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { GrantSchema, SettlementSchema } from "@stem/proto/stem/v1/lease_pb";
import type { StopError } from "../../errors.ts";
import { HeldLease } from "../../lease.ts";
import type { Registry } from "../../registry.ts";
import type { Outcome } from "../../settlement.ts";
import { Asking } from "../bridge/asking.ts";
import { askedContextCalls, askedLog } from "../bridge/context-calls.ts";
import { unpackError } from "../bridge/crossing-errors.ts";
import { type AskedEnqueuer, askedEnqueuer } from "../bridge/enqueuing.ts";
import type { AttemptFromHost, AttemptToHost, HostRequest } from "../bridge/messages.ts";
import { createInProcessRunner } from "../in-process.ts";

/** One attempt inside a thread or child process: the same runner as in the worker's own process, with a context that asks the worker. */
export class HostedAttempt {
  readonly #request: HostRequest;
  readonly #post: (message: AttemptFromHost) => void;
  readonly #asking: Asking;
  readonly #lease: HeldLease;
  #enqueuer: AskedEnqueuer | undefined;

  constructor(grant: Uint8Array, request: HostRequest, post: (message: AttemptFromHost) => void) {
    this.#request = request;
    this.#post = post;
    this.#asking = new Asking(post);
    // Its times are the worker's business, which says when to stop.
    const never = Number.POSITIVE_INFINITY;
    const start = { seq: 0, leaseMs: never, countedFrom: 0, startBy: never };
    this.#lease = new HeldLease(fromBinary(GrantSchema, grant), start);
  }

  get taskName(): string {
    return this.#lease.task.name;
  }

  /** Takes what the worker says. */
  receive(message: AttemptToHost): void {
    if (message.kind === "stop") this.#lease.abort(unpackError(message.error) as StopError);
    else if (message.kind === "warn") this.#lease.warn();
    else this.#asking.receive(message);
  }

  /** Runs it, and says how it ended. `onEnd` hears when its handler, or what comes before that, has. */
  async run(registry: Registry, onEnd?: () => void): Promise<void> {
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
    const outcome = await runner.run(this.#lease);
    onEnd?.();
    // What the handler enqueued without waiting for it leaves all the same, as it would from the worker's own process.
    await this.#enqueuer?.idle();
    this.say(outcome);
  }

  /** Says how it ended. */
  say(outcome: Outcome): void {
    const settlement = toBinary(SettlementSchema, {
      $typeName: "stem.v1.Settlement",
      leaseToken: new Uint8Array(),
      outcome,
    });
    this.#post({ kind: "ended", settlement });
  }
}
