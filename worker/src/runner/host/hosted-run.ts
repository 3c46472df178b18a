import { createSystemClock } from "@stem/sdk/internal";
import { Gathering } from "../../batch-items.ts";
import type { Registry } from "../../registry.ts";
import { failed } from "../../settlement.ts";
import type {
  AttemptFromHost,
  Finished,
  FromHost,
  HostRequest,
  RecycleRule,
  RetireReason,
  ToHost,
} from "../bridge/messages.ts";
import { HostedAttempt } from "./hosted-attempt.ts";
import { loadModule } from "./modules.ts";

/** Where attempts run. */
export type HostSelf = {
  readonly post: (message: FromHost) => void;
  /** What the host holds, for itself alone. */
  readonly memoryBytes: () => number;
  /** How many attempts the host has run before. */
  readonly count: number;
};

/** What a host runs at a time: one attempt, or a batch of a task's, which one call of its handler gets. */
export class HostedRun {
  readonly #request: HostRequest;
  readonly #self: HostSelf;
  readonly #attempts: readonly HostedAttempt[];
  #running: number;
  #finished: Finished = { retire: undefined, memoryBytes: 0 };
  #isLoaded = false;

  constructor(request: HostRequest, self: HostSelf) {
    this.#request = request;
    this.#self = self;
    this.#attempts = request.grants.map(
      (grant, at) => new HostedAttempt(grant, request, (message) => this.#post(message, at)),
    );
    this.#running = this.#attempts.length;
  }

  /** Takes what the worker says. */
  receive(message: ToHost): void {
    this.#attempts[message.at]?.receive(message);
  }

  /** Runs all, and says of each how it ended, when it has. True when the host is to be replaced. */
  async run(): Promise<boolean> {
    let registry: Registry | undefined;
    try {
      registry = await loadModule(this.#request.module);
    } catch (error) {
      for (const attempt of this.#attempts) attempt.say(failed(error));
    }
    if (registry !== undefined) {
      this.#isLoaded = true;
      this.#self.post({ kind: "started" });
      await this.#runWith(registry);
    }
    return this.#finished.retire !== undefined;
  }

  #post(message: AttemptFromHost, at: number): void {
    if (message.kind === "ended") this.#running -= 1;
    if (message.kind !== "ended" || this.#running > 0) {
      this.#self.post({ ...message, at });
      return;
    }
    const memoryBytes = this.#self.memoryBytes();
    const count = this.#self.count + this.#attempts.length;
    // A module that failed to load fails for as long as its thread or process lives.
    const retire = this.#isLoaded ? retireReason(this.#request.recycle, { memoryBytes, count }) : "load";
    this.#finished = { retire, memoryBytes };
    this.#self.post({ ...message, at, finished: this.#finished });
  }

  async #runWith(registry: Registry): Promise<void> {
    const name = this.#attempts[0]?.taskName ?? "";
    const implementation = registry.get(name);
    if (implementation === undefined || !("handler" in implementation) || implementation.batch === undefined)
      return void (await Promise.all(this.#attempts.map((attempt) => attempt.run(registry))));
    // The worker has gathered them: they wait for each other alone, and for none that ends before it could be handed over.
    const { handler } = implementation.batch;
    const together = { sizeMax: this.#attempts.length, waitMs: undefined };
    const gathering = new Gathering(together, handler, createSystemClock());
    const gathered: Registry = new Map([
      [name, { ...implementation, handler: (ctx, args) => gathering.add(ctx, args) }],
    ]);
    await Promise.all(this.#attempts.map((attempt) => attempt.run(gathered, () => gathering.expectFewer())));
  }
}

function retireReason(
  { afterTasks, memoryBytesMax }: RecycleRule,
  { memoryBytes, count }: { readonly memoryBytes: number; readonly count: number },
): RetireReason | undefined {
  if (afterTasks !== undefined && count >= afterTasks) return "tasks";
  return memoryBytesMax !== undefined && memoryBytes >= memoryBytesMax ? "memory" : undefined;
}
