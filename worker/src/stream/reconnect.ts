import type { Logger, Reason, StemProblem } from "@stem/sdk";
import { type Backoff, type Clock, fullJitterMs, pause, type Random } from "@stem/sdk/internal";
import type { Connection, ConnectionDeps, Leaving } from "./connection.ts";

/** What staying connected needs. */
export type LinkDeps = {
  /** Makes a stream that is not open yet. */
  readonly dial: (events: Pick<ConnectionDeps, "onWelcome" | "onEnded">) => Connection;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Whether another server than the one that is going away can be asked at once. */
  readonly hasOther: (() => boolean) | undefined;
};

// The cap is far below the time for which a worker may keep its leases, so that a server that is back is found in time.
const backoff: Backoff = { baseDelayMs: 250, factor: 2, maxDelayMs: 5000 };

// Waiting does not help against these, unless the same worker was welcome before.
const hopeless: ReadonlySet<Reason> = new Set<Reason>([
  "FIELD_INVALID",
  "FIELD_OUT_OF_RANGE",
  "NAMESPACE_UNKNOWN",
  "PROTOCOL_UNSUPPORTED",
  "TOKEN_MISSING",
  "TOKEN_INVALID",
  "RPC_UNIMPLEMENTED",
  "RPC_UNAUTHENTICATED",
  "RPC_PERMISSION_DENIED",
]);

/** Keeps one stream open: opens another when it is lost, or when the server is going away, and moves over when that one is welcome. */
export class Link {
  readonly #deps: LinkDeps;
  readonly #closing = new AbortController();
  readonly #welcomed = Promise.withResolvers<void>();
  readonly #streams = new Set<Connection>();
  #current: Connection | undefined;
  #wasWelcomed = false;
  /** Why it is not connected, once that was said; each reason is said once, however often it is met. */
  #told: string | undefined;
  #ended: Promise<void> | undefined;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    // Whether or not anybody asks to hear of it: one that is stopped before it was started never does.
    this.#welcomed.promise.catch(() => undefined);
  }

  /** Connects. Resolves when the worker is welcome; rejects with StemProblem when it cannot be. */
  start(): Promise<void> {
    this.#ended ??= this.#keep();
    return this.#welcomed.promise;
  }

  /** There may be something to send. */
  wake(): void {
    this.#current?.wake();
  }

  /** Heartbeats as soon as there is a stream to do so on. */
  beat(): void {
    this.#current?.beat();
  }

  /** Another server is to be used: moves over, in order, while this one still answers. */
  move(): void {
    this.#current?.leave();
  }

  /** Takes leave of the server and opens no more streams. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#current?.goodbye();
    await Promise.all([...this.#streams].map((stream) => stream.end()));
    await this.#ended;
    this.#welcomed.reject(new Error("the worker was stopped before it was connected"));
  }

  async #keep(): Promise<void> {
    for (let failures = 1; !this.#closing.signal.aborted; failures += 1) {
      const stream = this.#deps.dial({
        onWelcome: (connection) => this.#onWelcome(connection),
        onEnded: (connection) => this.#onEnded(connection),
      });
      this.#streams.add(stream);
      const leaving = await stream.open();
      if (stream.wasWelcomed) failures = 1;
      if (this.#closing.signal.aborted || this.#isHopeless(leaving)) return;
      await this.#pauseAfter(leaving, failures);
    }
  }

  #onWelcome(connection: Connection): void {
    const before = this.#current;
    this.#current = connection;
    this.#wasWelcomed = true;
    // Whoever read that it was not should read that it is.
    this.#deps.log[this.#told === undefined ? "info" : "warn"]({}, "connected");
    this.#told = undefined;
    this.#welcomed.resolve();
    if (before !== undefined) void before.end();
  }

  #onEnded(connection: Connection): void {
    this.#streams.delete(connection);
    if (this.#current === connection) this.#current = undefined;
  }

  #isHopeless(leaving: Leaving): boolean {
    if (leaving.kind !== "lost" || leaving.problem === undefined) return false;
    if (this.#wasWelcomed || !hopeless.has(leaving.problem.reason)) return false;
    this.#welcomed.reject(leaving.problem);
    return true;
  }

  async #pauseAfter(leaving: Leaving, failures: number): Promise<void> {
    const askedMs = this.#askedMs(leaving);
    const delayMs = askedMs + fullJitterMs(backoff, failures, this.#deps.random);
    const why = whyOf(leaving);
    const level = this.#told === why.reason || leaving.kind === "moving" ? "debug" : "warn";
    this.#told = why.reason;
    const words = this.#wasWelcomed ? "the connection is lost" : "the server cannot be reached";
    this.#deps.log[level]({ ...why, delayMs: Math.round(delayMs) }, `${words}; trying again`);
    await pause(this.#deps.clock, delayMs, this.#closing.signal);
  }

  #askedMs(leaving: Leaving): number {
    switch (leaving.kind) {
      case "moving":
        return 0;
      case "draining":
        // Of the others it says nothing.
        return this.#deps.hasOther?.() ? 0 : leaving.retryAfterMs;
      case "lost":
        return leaving.problem?.retryAfterMs ?? 0;
    }
  }
}

const reasons = { draining: "DRAINING", moving: "another server is used" } as const;

const whyOf = (leaving: Leaving): { readonly reason: string; readonly text?: string } =>
  leaving.kind === "lost" ? problemFacts(leaving.problem) : { reason: reasons[leaving.kind] };

const problemFacts = (problem: StemProblem | undefined) =>
  problem ? { reason: problem.reason, text: problem.message } : { reason: "the stream ended" };
