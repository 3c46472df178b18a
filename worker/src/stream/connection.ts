import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import type {
  ConnectRequest,
  ConnectResponse,
  Extended,
  Refused,
  Welcome,
} from "@stem/proto/stem/v1/worker_service_pb";
import type { Logger, StemProblem } from "@stem/sdk";
import { type CancelTimer, type Clock, problemFrom, problemFromStatus } from "@stem/sdk/internal";
import type { Control } from "../control.ts";
import type { HeldLease } from "../lease.ts";
import type { WorkerStats } from "../stats.ts";
import type { Confirmations } from "./confirmations.ts";
import type { Credit } from "./credit.ts";
import { type Frame, FrameLog } from "./frame-log.ts";
import { type OpenFrames, settleFrame, silent } from "./frames.ts";
import { Outgoing } from "./outgoing.ts";
import type { Reports } from "./reports.ts";
import type { Session } from "./session.ts";
import type { Settlements, Settling } from "./settlements.ts";
import { writeStats } from "./write-stats.ts";

/** What one stream needs. */
export type ConnectionDeps = Reports & {
  readonly openFrames: OpenFrames;
  readonly clock: Clock;
  readonly log: Logger;
  /** The SDK's name and version, for people. */
  readonly sdk: string;
  readonly session: Session;
  readonly settlements: Settlements;
  readonly credit: Credit;
  readonly confirmations: Confirmations;
  readonly control: Control;
  /** A heartbeat is about to be sent, with how the worker is doing. */
  readonly onBeat: () => WorkerStats;
  /** The server has welcomed the worker here. */
  readonly onWelcome: (connection: Connection) => void;
  /** The stream is over; everything on it that was unanswered waits for another. */
  readonly onEnded: (connection: Connection) => void;
};

/**
 * Why another stream is needed: this one is lost (its problem, if it ended with one), the server is going away, or another server is to
 * be used, and nothing more comes from this one.
 */
export type Leaving =
  | { readonly kind: "lost"; readonly problem: StemProblem | undefined }
  | { readonly kind: "draining"; readonly retryAfterMs: number }
  | { readonly kind: "moving" };

// A server that takes longer to greet, or to answer three heartbeats, is as good as gone.
const welcomeMsMax = 10_000;
const beatsUnansweredMax = 3;
const goodbyeMsMax = 2000;

const msOf = (length: Duration | undefined): number => (length ? durationMs(length) : 0);

type Beat = { readonly frameSeq: number; readonly seenSeq: number; readonly sentAt: number };

/** One stream, from Hello to its end: frames out as they are due, frames in to where they belong. */
export class Connection {
  readonly #deps: ConnectionDeps;
  readonly #frames: FrameLog;
  readonly #outgoing = new Outgoing(() => this.#next());
  readonly #controller = new AbortController();
  readonly #leaving = Promise.withResolvers<Leaving>();
  readonly #sent = new Map<number, readonly Settling[]>();
  readonly #beats: Beat[] = [];
  #listed: readonly HeldLease[] = [];
  #stage: "new" | "greeted" | "open" | "leaving" = "new";
  #isBeatDue = false;
  /** The frame with which the last of the credit was taken back. */
  #creditEnd: "unwanted" | "due" | number = "unwanted";
  #cancelTimer: CancelTimer | undefined;
  #sooner: { readonly at: number; readonly cancel: CancelTimer } | undefined;
  #ended: Promise<void> | undefined;
  wasWelcomed = false;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
    this.#frames = new FrameLog(deps.clock);
  }

  /** Opens the stream. Resolves when another one is needed. */
  open(): Promise<Leaving> {
    this.#cancelTimer = this.#deps.clock.after(welcomeMsMax, () => this.#controller.abort(silent("greet")));
    this.#ended = this.#run();
    return this.#leaving.promise;
  }

  /** There may be something to send. */
  wake(): void {
    this.#outgoing.wake();
  }

  /** Heartbeats as soon as may be. */
  beat(): void {
    this.#isBeatDue = true;
    this.wake();
  }

  /** Takes its credit back, and resolves as moving once the server has answered that: no grant can then be lost on the way. */
  leave(): void {
    if (this.#stage !== "open" || this.#creditEnd !== "unwanted") return;
    this.#creditEnd = "due";
    this.wake();
  }

  /** Ends it at once: another stream has taken over, or there is nothing left to say. */
  async end(): Promise<void> {
    this.#stage = "leaving";
    this.#controller.abort();
    await this.#ended;
  }

  /** Takes leave of the server, and ends. */
  async goodbye(): Promise<void> {
    if (this.#stage !== "open") return this.end();
    this.#stage = "leaving";
    this.wake();
    const cancel = this.#deps.clock.after(goodbyeMsMax, () => this.#controller.abort());
    await this.#ended;
    cancel();
  }

  async #run(): Promise<void> {
    const problem = await this.#read();
    this.#cancelTimer?.();
    this.#sooner?.cancel();
    this.#outgoing.end();
    this.#deps.settlements.unanswered([...this.#sent.values()].flat());
    this.#deps.onEnded(this);
    this.#leaving.resolve({ kind: "lost", problem });
  }

  async #read(): Promise<StemProblem | undefined> {
    const { openFrames } = this.#deps;
    try {
      for await (const response of openFrames(this.#outgoing, this.#controller.signal))
        this.#receive(response);
      return undefined;
    } catch (error) {
      return problemFrom(error);
    }
  }

  #receive({ echo, frame }: ConnectResponse): void {
    const { session, settlements, output } = this.#deps;
    const countedFrom = this.#frames.sentAt(Number(echo));
    if (typeof this.#creditEnd === "number" && Number(echo) > this.#creditEnd)
      this.#leaving.resolve({ kind: "moving" });
    switch (frame.case) {
      case "welcome":
        this.#welcomed(frame.value);
        break;
      case "grants":
        session.granted(frame.value, countedFrom);
        if (frame.value.grants.some(({ leaseDuration }) => leaseDuration)) this.#beatSooner();
        break;
      case "settled":
        settlements.answered(this.#answered(frame.value.frameSeq), frame.value.exceptions);
        break;
      case "outputWritten":
        output.answered(this, Number(frame.value.frameSeq), frame.value.exceptions);
        break;
      case "extended":
        this.#extended(frame.value, Number(echo), countedFrom);
        break;
      case "cancel":
        session.cancelled(frame.value.leases);
        break;
      case "command":
        this.#deps.control.take(frame.value);
        break;
      case "drain":
        this.#leaving.resolve({ kind: "draining", retryAfterMs: msOf(frame.value.retryAfter) });
        break;
      case "refused":
        this.#refused(frame.value);
        break;
      default:
      // A newer server may say more than this version knows.
    }
  }

  #welcomed(welcome: Welcome): void {
    this.wasWelcomed = true;
    this.#stage = "open";
    this.#cancelTimer?.();
    const { session, credit, checkpoints, output } = this.#deps;
    session.welcomed(welcome, this.#listed);
    credit.max = session.terms.creditMax;
    credit.reset();
    checkpoints.again();
    output.again(this);
    this.#deps.onWelcome(this);
    // What is still held must be confirmed before it runs out, so not only after an interval.
    this.#isBeatDue = true;
    this.#beatLater();
    this.#beatSooner();
    this.wake();
  }

  #beatLater(): void {
    this.#cancelTimer = this.#deps.clock.after(this.#deps.session.terms.heartbeatMs, () => {
      // Counted in heartbeats, not in time: after a handler that blocked the loop, answers may be there unread.
      if (this.#beats.length >= beatsUnansweredMax) {
        this.#deps.log.warn({}, "the server does not answer heartbeats");
        this.#controller.abort(silent("answer heartbeats"));
        return;
      }
      this.beat();
      this.#beatLater();
    });
  }

  /** Heartbeats between the usual ones while leases are held that need it; one at a time, so that a slow network is no silent server. */
  #beatSooner(): void {
    const { session, clock } = this.#deps;
    const { beatMs } = session;
    const at = clock.now() + beatMs;
    if (beatMs >= session.terms.heartbeatMs || (this.#sooner && this.#sooner.at <= at)) return;
    this.#sooner?.cancel();
    const cancel = clock.after(beatMs, () => {
      this.#sooner = undefined;
      if (this.#beats.length === 0) this.beat();
      this.#beatSooner();
    });
    this.#sooner = { at, cancel };
  }

  #extended({ lost, backlogs }: Extended, echo: number, countedFrom: number): void {
    const beat = this.#answeredBeat(echo);
    if (beat) {
      // Never later than the heartbeat itself: other frames may have been processed since the leases were extended.
      this.#deps.session.extended(beat.seenSeq, Math.min(countedFrom, beat.sentAt));
    }
    this.#deps.session.lost(lost);
    if (beat) this.#deps.confirmations.answered(beat.sentAt, backlogs);
  }

  /** The newest heartbeat that is answered with frame `echo`: of several that came together the server answers only that one. */
  #answeredBeat(echo: number): Beat | undefined {
    let answered: Beat | undefined;
    for (let [beat] = this.#beats; beat && beat.frameSeq <= echo; [beat] = this.#beats)
      answered = this.#beats.shift();
    return answered;
  }

  #refused({ frameSeq, error }: Refused): void {
    if (error === undefined) return;
    const problem = problemFromStatus(error);
    this.#deps.log.error({ frameSeq: Number(frameSeq), reason: problem.reason }, problem.message);
    const beat = this.#beats.findIndex((sent) => sent.frameSeq === Number(frameSeq));
    if (beat >= 0) this.#beats.splice(beat, 1);
    if (this.#deps.output.frameRefused(this, Number(frameSeq), problem)) return;
    this.#deps.settlements.frameRefused(this.#answered(frameSeq), problem);
  }

  #answered(frameSeq: bigint): readonly Settling[] {
    const items = this.#sent.get(Number(frameSeq)) ?? [];
    this.#sent.delete(Number(frameSeq));
    return items;
  }

  #next(): ConnectRequest | undefined {
    const frame = this.#nextFrame();
    if (frame === undefined) return undefined;
    const request = this.#frames.number(frame);
    return frame.case === "settle" ? settleFrame(request, frame.value) : request;
  }

  /** The next frame, most urgent first. */
  #nextFrame(): Frame | undefined {
    if (this.#stage === "new") return this.#hello();
    if (this.#stage === "greeted") return undefined;
    const { session, checkpoints, output } = this.#deps;
    const { frameBytesMax } = session.terms;
    const frame =
      this.#heartbeat() ??
      output.take(this, this.#frames.last + 1, frameBytesMax) ??
      this.#settle() ??
      checkpoints.take(frameBytesMax) ??
      this.#credit() ??
      this.#answer();
    if (frame !== undefined || this.#stage === "open") return frame;
    // Nothing may follow a Goodbye: our half of the stream closes once it has been read.
    this.#outgoing.endAfterNext();
    return { case: "goodbye", value: { $typeName: "stem.v1.Goodbye" } };
  }

  #hello(): Frame {
    this.#stage = "greeted";
    const { hello, listed } = this.#deps.session.hello(this.#deps.sdk);
    this.#listed = listed;
    return { case: "hello", value: hello };
  }

  #heartbeat(): Frame | undefined {
    if (!this.#isBeatDue) return undefined;
    this.#isBeatDue = false;
    const { seenSeq } = this.#deps.session;
    this.#beats.push({ frameSeq: this.#frames.last + 1, seenSeq, sentAt: this.#deps.clock.now() });
    const { sinceMs, wantsBacklog: wantBacklogs } = this.#deps.confirmations;
    const stats = writeStats(this.#deps.onBeat(), sinceMs);
    return {
      case: "heartbeat",
      value: { $typeName: "stem.v1.Heartbeat", seenSeq: BigInt(seenSeq), stats, wantBacklogs },
    };
  }

  #settle(): Frame | undefined {
    const items = this.#deps.settlements.take(this.#deps.session.terms.frameBytesMax);
    if (items.length === 0) return undefined;
    this.#sent.set(this.#frames.last + 1, items);
    const settlements = items.map(({ settlement }) => settlement);
    return { case: "settle", value: { $typeName: "stem.v1.Settle", settlements } };
  }

  #answer(): Frame | undefined {
    const value = this.#deps.control.next();
    return value && { case: "reply", value };
  }

  #credit(): Frame | undefined {
    const { seenSeq } = this.#deps.session;
    if (this.#creditEnd !== "unwanted") return this.#lastCredit(seenSeq);
    const credit = this.#deps.credit.next(seenSeq, this.#deps.clock.now());
    return credit === undefined ? undefined : creditFrame(seenSeq, credit);
  }

  /** No more, and a heartbeat behind it: the answer to that says that the server knows. */
  #lastCredit(seenSeq: number): Frame | undefined {
    if (this.#creditEnd !== "due") return undefined;
    this.#creditEnd = this.#frames.last + 1;
    this.#isBeatDue = true;
    return creditFrame(seenSeq, 0);
  }
}

const creditFrame = (seenSeq: number, credit: number): Frame => ({
  case: "credit",
  value: { $typeName: "stem.v1.Credit", seenSeq: BigInt(seenSeq), credit: BigInt(credit) },
});
