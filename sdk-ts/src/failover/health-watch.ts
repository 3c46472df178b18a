import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@stem/proto/grpc/health/v1/health_pb";
import { type Backoff, fullJitterMs } from "../backoff.ts";
import { type Clock, pause, type Random } from "../clock.ts";
import type { Channel } from "../transport.ts";

/**
 * How a server is doing. unknown: nobody has asked it yet, or something failed there since. serving: it takes work. leaving: it answers,
 * and takes nothing new. away: it does not answer.
 */
export type HealthState = "unknown" | "serving" | "leaving" | "away";

/** How a server is doing, and why, where it is not serving. */
export type Finding = { readonly health: HealthState; readonly why: string };

/** What watching needs. */
export type HealthWatchDeps = {
  /** Makes a connection of its own: an open stream would keep the process alive on any other. */
  readonly dial: () => Channel;
  /** A clock that keeps no process alive. */
  readonly clock: Clock;
  readonly random: Random;
  readonly onFinding: (finding: Finding) => void;
};

/** A server that takes longer to say how it is counts as away. */
export const healthAnswerMsMax = 5000;

// How soon a server that was away is asked again; spread, so that not all its clients come at once.
const askAgain: Backoff = { baseDelayMs: 250, factor: 2, maxDelayMs: 5000 };
// Whoever does not tell how it is, a proxy say, is asked again this late; its calls tell sooner.
const untoldMs = 60_000;
/** It is there, and leaves the question open: no reason not to use it. */
const untold: ReadonlySet<Code> = new Set([
  Code.Unimplemented,
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.NotFound,
]);

/** Listens to one server's health (grpc.health.v1 Watch) until it is closed: one stream, and another as soon as that is lost. */
export class HealthWatch {
  readonly #deps: HealthWatchDeps;
  readonly #closing = new AbortController();
  /** One look at the server: a stream, and the wait for the next. */
  #look = new AbortController();
  #isStarted = false;

  constructor(deps: HealthWatchDeps) {
    this.#deps = deps;
  }

  /** Begins; nothing happens where it has begun. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#watch();
  }

  /** Asks anew, at once: something has failed at this server. */
  again(): void {
    this.#look.abort();
  }

  close(): void {
    this.#closing.abort();
    this.#look.abort();
  }

  async #watch(): Promise<void> {
    const { dial, clock, random, onFinding } = this.#deps;
    for (let failures = 1; !this.#closing.signal.aborted; failures += 1) {
      this.#look = new AbortController();
      const { signal } = this.#look;
      // A new one each time: what is left of the last, half open perhaps, is of no use.
      const channel = dial();
      channel.unref();
      const { wasHeard, error } = await this.#listen(createClient(Health, channel.transport), signal);
      channel.close();
      if (wasHeard || signal.aborted) failures = 1;
      if (signal.aborted) continue;
      const isUntold = error !== undefined && untold.has(error.code);
      const why = error?.rawMessage || "it ended the health check";
      onFinding(isUntold ? { health: "serving", why: "" } : { health: "away", why });
      await pause(clock, isUntold ? untoldMs : fullJitterMs(askAgain, failures, random), signal);
    }
  }

  /** Passes on what the server says, for as long as it does. Never rejects. */
  async #listen(
    service: Client<typeof Health>,
    signal: AbortSignal,
  ): Promise<{ readonly wasHeard: boolean; readonly error?: ConnectError }> {
    const late = new AbortController();
    const cancel = this.#deps.clock.after(healthAnswerMsMax, () => {
      late.abort(new Error(`it did not answer within ${healthAnswerMsMax} ms`));
    });
    let wasHeard = false;
    try {
      const stop = AbortSignal.any([signal, late.signal]);
      for await (const { status } of service.watch({ service: "" }, { signal: stop })) {
        cancel();
        wasHeard = true;
        if (signal.aborted) break;
        this.#deps.onFinding(findingOf(status));
      }
      return { wasHeard };
    } catch (error) {
      return { wasHeard, error: ConnectError.from(late.signal.aborted ? late.signal.reason : error) };
    } finally {
      cancel();
    }
  }
}

const findingOf = (status: ServingStatus): Finding =>
  status === ServingStatus.SERVING
    ? { health: "serving", why: "" }
    : { health: "leaving", why: "it takes nothing new" };
