import { create } from "@bufbuild/protobuf";
import {
  type StreamTasksRequest,
  StreamTasksRequestSchema,
  type StreamTasksResponse,
} from "@stem/proto/stem/v1/task_service_pb";
import type { CancelTimer, Clock } from "./clock.ts";
import { encodedTasks } from "./encoded-tasks.ts";
import { FrameQueue } from "./frame-queue.ts";
import { isTransient, StemProblem } from "./problem.ts";
import { problemFrom, problemFromStatus } from "./problem-from.ts";
import type { EnqueueOutcome } from "./publisher.ts";
import { outcomesOf } from "./verdicts.ts";

/** Opens one stream: what `frames` gives is sent, until it ends. */
export type OpenTaskStream = (
  frames: AsyncIterable<StreamTasksRequest>,
  signal: AbortSignal,
) => AsyncIterable<StreamTasksResponse>;

/** What streams need. */
export type TaskStreamDeps = {
  readonly open: OpenTaskStream;
  readonly clock: Clock;
  readonly namespace: string | undefined;
  /** How long a frame waits for its answer. */
  readonly answerMsMax: number;
  /** How long a stream stays open with nothing to do: it holds a connection, and with it the process. */
  readonly idleMsMax: number;
};

/** Sends batches of tasks as frames of one stream, which cost half of what a call does; opens another where one has ended. */
export class TaskStreams {
  readonly #deps: TaskStreamDeps;
  #current: TaskStream | undefined;

  constructor(deps: TaskStreamDeps) {
    this.#deps = deps;
  }

  /** Sends a batch; answers an outcome for each task, in its order. Throws what the transport throws, or what is wrong with the whole batch. */
  send(tasks: readonly Uint8Array[]): Promise<readonly EnqueueOutcome[]> {
    if (this.#current === undefined || this.#current.isEnding) this.#current = new TaskStream(this.#deps);
    return this.#current.send(tasks);
  }

  /** Sends no more on what is open; what is under way still gets its answer. The next batch opens another. */
  renew(): void {
    this.#current?.end();
    this.#current = undefined;
  }

  /** Sends no more; what is under way still gets its answer. */
  end(): void {
    this.#current?.end();
  }
}

type Pending = {
  readonly frameSeq: bigint;
  readonly count: number;
  readonly sentAt: number;
  readonly resolve: (outcomes: readonly EnqueueOutcome[]) => void;
  readonly reject: (problem: StemProblem) => void;
};

/** One stream, from its first frame to its end. */
class TaskStream {
  readonly #deps: TaskStreamDeps;
  readonly #frames = new FrameQueue<StreamTasksRequest>();
  readonly #abort = new AbortController();
  /** Frames without an answer, oldest first: answers come in order. */
  readonly #pending: Pending[] = [];
  #frameSeq = 0n;
  #quietSince: number;
  #cancelWatch: CancelTimer;
  /** True when it takes no more. */
  isEnding = false;

  constructor(deps: TaskStreamDeps) {
    this.#deps = deps;
    this.#quietSince = deps.clock.now();
    this.#cancelWatch = this.#watch(Math.min(deps.answerMsMax, deps.idleMsMax));
    void this.#read();
  }

  send(tasks: readonly Uint8Array[]): Promise<readonly EnqueueOutcome[]> {
    this.#frameSeq += 1n;
    const frameSeq = this.#frameSeq;
    const frame = create(StreamTasksRequestSchema, { frameSeq, exceptionsOnly: true });
    // The first frame says it for the whole stream.
    if (frameSeq === 1n && this.#deps.namespace !== undefined) frame.namespace = this.#deps.namespace;
    frame.$unknown = [encodedTasks(StreamTasksRequestSchema.field.tasks.number, tasks)];
    return new Promise((resolve, reject) => {
      this.#pending.push({
        frameSeq,
        count: tasks.length,
        sentAt: this.#deps.clock.now(),
        resolve,
        reject,
      });
      this.#frames.push(frame);
    });
  }

  end(): void {
    this.isEnding = true;
    this.#frames.end();
  }

  /** Takes answers for as long as there are any; never rejects. */
  async #read(): Promise<void> {
    try {
      for await (const answer of this.#deps.open(this.#frames, this.#abort.signal)) this.#take(answer);
      this.#over(unknown("UNAVAILABLE", "the stream ended before every frame had its answer"));
    } catch (error) {
      const { signal } = this.#abort;
      this.#over(problemFrom(signal.aborted ? signal.reason : error));
    }
  }

  #take(answer: StreamTasksResponse): void {
    const { frameSeq, error } = answer;
    const [pending] = this.#pending;
    if (pending?.frameSeq !== frameSeq) throw new Error("an answer came to a frame that was not sent");
    this.#pending.shift();
    this.#quietSince = this.#deps.clock.now();
    if (error === undefined) pending.resolve(outcomesOf(answer, pending.count));
    else this.#refuse(pending, problemFromStatus(error));
  }

  #refuse({ reject }: Pending, problem: StemProblem): void {
    // A server that refuses for now may be going away: the repeat looks for it anew.
    if (isTransient(problem)) this.end();
    reject(problem);
  }

  /** Whatever has no answer now will not get one. */
  #over(problem: StemProblem): void {
    this.end();
    this.#cancelWatch();
    for (const { reject } of this.#pending.splice(0)) reject(unknownOutcome(problem));
  }

  /** One timer for as long as the stream lives, looked at when it fires: moving it with every frame would cost more than sending. */
  #watch(delayMs: number): CancelTimer {
    return this.#deps.clock.after(delayMs, () => {
      const { clock, answerMsMax, idleMsMax } = this.#deps;
      const [oldest] = this.#pending;
      const restMs = oldest
        ? oldest.sentAt + answerMsMax - clock.now()
        : this.#quietSince + idleMsMax - clock.now();
      if (restMs > 0) this.#cancelWatch = this.#watch(Math.min(restMs, idleMsMax));
      else if (oldest === undefined) this.end();
      else this.#abort.abort(unknown("DEADLINE_EXCEEDED", `no answer came within ${answerMsMax} ms`));
    });
  }
}

// The stream's end says nothing of a frame that was under way, whoever gave its reason.
const unknownOutcome = (problem: StemProblem): StemProblem =>
  problem.outcome === "unknown" || !isTransient(problem)
    ? problem
    : new StemProblem({ ...problem, message: problem.message, outcome: "unknown" }, { cause: problem });

const unknown = (code: "DEADLINE_EXCEEDED" | "UNAVAILABLE", message: string): StemProblem =>
  new StemProblem({
    reason: `RPC_${code}`,
    code,
    message,
    metadata: {},
    violations: [],
    retryAfterMs: undefined,
    outcome: "unknown",
  });
