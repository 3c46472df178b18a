import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import type { CancelTimer, Clock, Random } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { Channel } from "../transport.ts";
import { choose, shuffled } from "./choice.ts";
import { type Finding, HealthWatch } from "./health-watch.ts";
import { isLostConnection, named, withoutRetryInfo } from "./named-error.ts";

/** One of a client's servers. */
export type PooledServer = Finding & {
  readonly url: string;
  /** Aborts when it is about to go and another is used: what only listens there should listen elsewhere. */
  readonly leaving: AbortSignal;
};

/** What a pool needs. */
export type PoolDeps = {
  /** Makes a connection to one server; nothing is sent before its first call. */
  readonly dial: (url: string) => Channel;
  readonly clock: Clock;
  /** The same time, with timers that keep no process alive. */
  readonly background: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** How long, at most, a server that was away and serves again is used only where no other serves. */
  readonly returnWithinMs: number;
};

// How long the client's own server may take to answer for the first time before another is used.
const patienceMs = 500;
// How long a call waits for news of its servers; longer than any of them may take.
const pickMsMax = 10_000;

type Entry = {
  readonly url: string;
  readonly watch: HealthWatch;
  health: Finding["health"];
  why: string;
  returnsAt: number;
  goodbye: AbortController;
};

/**
 * The servers of one client, in an order of its own by chance: the first of them that serves is used, for everything. One that was away
 * is returned to when it has served for a while, which is another while for each client.
 */
export class ServerPool {
  readonly #deps: PoolDeps;
  readonly #entries: readonly Entry[];
  readonly #waiting = new Set<() => void>();
  readonly #movers: (() => void)[] = [];
  #patientUntil: number | undefined;
  #current: Entry | undefined;
  #cancelReturn: CancelTimer | undefined;
  #isClosed = false;

  constructor(urls: readonly string[], deps: PoolDeps) {
    this.#deps = deps;
    this.#entries = shuffled(urls, deps.random).map((url) => this.#entryOf(url));
  }

  /** The server to use now. Waits for news where none is known to serve; throws, naming all of them, when none does. */
  async pick(signal?: AbortSignal, timeoutMs = pickMsMax): Promise<PooledServer> {
    this.#begin();
    const { clock } = this.#deps;
    const end = clock.now() + Math.min(timeoutMs, pickMsMax);
    for (;;) {
      if (signal?.aborted || this.#isClosed) throw new ConnectError("the call was called off", Code.Canceled);
      const choice = choose(this.#entries, clock.now(), this.#patientUntil ?? 0);
      if (typeof choice === "number") return viewOf(this.#use(this.#entries[choice] as Entry));
      if (choice === "none" || clock.now() >= end) throw this.#nobody();
      const patient = (this.#patientUntil ?? end) - clock.now();
      await this.#news(patient > 0 ? Math.min(patient, end - clock.now()) : end - clock.now(), signal);
    }
  }

  /** Takes note of a call that failed at a server; answers its error, which names that server, and the others where they are of no use. */
  failed({ url }: Pick<PooledServer, "url">, error: ConnectError): ConnectError {
    const entry = this.#entries.find((known) => known.url === url);
    if (entry === undefined || this.#isClosed) return error;
    const { rawMessage: why } = error;
    const isDraining = error.findDetails(ErrorInfoSchema)[0]?.reason === "DRAINING";
    if (!isDraining && !isLostConnection(error)) return error;
    this.#found(entry, isDraining ? { health: "leaving", why } : { health: "unknown", why });
    entry.watch.again();
    const others = this.#entries.filter((other) => other !== entry && other.why !== "");
    // When it may be asked again is of no interest to who need not ask it.
    return named(this.hasOther() && isDraining ? withoutRetryInfo(error) : error, [{ url, why }, ...others]);
  }

  /** Calls `run` when another server is used from now on. */
  onMove(run: () => void): void {
    this.#movers.push(run);
  }

  /** Whether somebody serves, so that whoever was sent away need not wait. */
  hasOther(): boolean {
    return this.#entries.some(({ health }) => health === "serving");
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelReturn?.();
    for (const { watch } of this.#entries) watch.close();
    this.#tell();
  }

  #entryOf(url: string): Entry {
    const { dial, background, random } = this.#deps;
    const entry: Entry = {
      url,
      watch: new HealthWatch({
        ...{ dial: () => dial(url), clock: background, random },
        onFinding: (finding) => this.#found(entry, finding),
      }),
      health: "unknown",
      why: "",
      returnsAt: Number.NEGATIVE_INFINITY,
      goodbye: new AbortController(),
    };
    return entry;
  }

  #begin(): void {
    if (this.#patientUntil !== undefined || this.#isClosed) return;
    this.#patientUntil = this.#deps.clock.now() + patienceMs;
    for (const { watch } of this.#entries) watch.start();
  }

  #found(entry: Entry, { health, why }: Finding): void {
    if (this.#isClosed) return;
    const { clock, random, returnWithinMs } = this.#deps;
    // Only one that was away, or on its way, has a why.
    if (health === "serving" && entry.why !== "") entry.returnsAt = clock.now() + random() * returnWithinMs;
    entry.health = health;
    entry.why = why;
    this.#decide();
    this.#tell();
  }

  /** Moves on to another server where that is due. */
  #decide(): void {
    const { clock, background } = this.#deps;
    const now = clock.now();
    this.#cancelReturn?.();
    const returns = this.#entries.filter(({ health, returnsAt }) => health === "serving" && returnsAt > now);
    const next = Math.min(...returns.map(({ returnsAt }) => returnsAt));
    if (returns.length > 0) this.#cancelReturn = background.after(next - now, () => this.#decide());
    const choice = choose(this.#entries, now, this.#patientUntil ?? 0);
    if (typeof choice === "number") this.#use(this.#entries[choice] as Entry);
  }

  /** What begins from now on goes there; what is open elsewhere is told. */
  #use(chosen: Entry): Entry {
    const before = this.#current;
    this.#current = chosen;
    if (before === chosen) return chosen;
    this.#say(chosen, before);
    if (before === undefined) return chosen;
    for (const run of this.#movers) run();
    for (const entry of this.#entries) if (entry.health === "leaving" && entry !== chosen) sendAway(entry);
    return chosen;
  }

  #say({ url }: Entry, before: Entry | undefined): void {
    const { log } = this.#deps;
    if (before === undefined) log.info({ url }, "this server is used");
    else if (before.why === "") log.info({ url, left: before.url }, "this server is used again");
    else log.warn({ url, left: before.url, why: before.why }, "another server is used from now on");
  }

  #tell(): void {
    for (const resolve of [...this.#waiting]) resolve();
  }

  /** Resolves when anything has changed, at the latest after `delayMs`. Keeps the process alive: a call waits for it. */
  #news(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waiting.delete(end);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#deps.clock.after(delayMs, end);
      this.#waiting.add(end);
      signal?.addEventListener("abort", end, { once: true });
    });
  }

  #nobody(): ConnectError {
    const error = new ConnectError("no server can be used", Code.Unavailable);
    return named(
      error,
      this.#entries.map(({ url, why }) => ({ url, why: why || "it has not answered" })),
    );
  }
}

const viewOf = ({ url, health, why, goodbye }: Entry): PooledServer => ({
  ...{ url, health, why },
  leaving: goodbye.signal,
});

function sendAway(entry: Entry): void {
  entry.goodbye.abort();
  entry.goodbye = new AbortController();
}
