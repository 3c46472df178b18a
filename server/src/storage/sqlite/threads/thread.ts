import { Worker } from "node:worker_threads";
import type { GateNews } from "../../../ports/gate-store.ts";
import { unavailable } from "../problems.ts";
import type { Replies } from "./messages.ts";
import { createOutbox } from "./outbox.ts";
import { createPendingCalls } from "./pending-calls.ts";
import type { Verb, VerbTable } from "./verb.ts";

/** A thread as the main one sees it. */
export type Thread<S> = {
  /** Asks the thread; rejects with what problems.ts makes of its faults. Calls are answered commit by commit. */
  readonly call: Caller<S>;
  /** Tells the thread something that it does not answer. It comes in order with the calls. */
  readonly tell: Teller<S>;
  /** Lets the thread finish what was asked of it, and resolves when it is gone. One that is broken is stopped. */
  end(): Promise<void>;
};

type Caller<S> = <V extends keyof S & string>(
  verb: V,
  ...request: S[V] extends (...request: infer Q) => unknown ? Q : never
) => Promise<S[V] extends (...request: never[]) => infer A ? A : never>;

type Teller<S> = <V extends keyof S & string>(
  verb: V,
  ...request: S[V] extends (...request: infer Q) => void ? Q : never
) => void;

/** What a thread tells without being asked. */
export type ThreadEvents = {
  /** How long the write-ahead log has become. */
  readonly onWalPages?: (pages: number) => void;
  /** What gates did in the commits that were just answered. */
  readonly onGateNews?: (news: GateNews) => void;
  /** The thread, or the file under it, is broken; told once. Calls are refused from then on. */
  readonly onBroken: (error: Error) => void;
};

/** Which thread: the source file of its entry, as seen from here, and what is handed to it. */
export type ThreadStart = { readonly file: string; readonly data: unknown };

/** Starts a thread. */
export function startThread<S>(start: ThreadStart, verbs: VerbTable<S>, events: ThreadEvents): Thread<S> {
  const worker = new Worker(builtFile(start.file), { workerData: start.data });
  const calls = createPendingCalls();
  const outbox = createOutbox(worker);
  const table = verbs as unknown as Readonly<Record<string, Verb<unknown, unknown>>>;
  let isUsable = true;

  function breakDown(error: Error): void {
    if (!isUsable) return;
    isUsable = false;
    calls.abandon();
    events.onBroken(error);
  }

  async function post(verb: string, request: unknown): Promise<unknown> {
    const how = table[verb];
    if (!isUsable || how === undefined) throw unavailable();
    const { data, transfer } = how.request.encode(request);
    const { id, answer } = calls.add(how.answer.decode);
    outbox.add({ id, verb, data, items: how.items?.(request) ?? 1 }, transfer);
    return answer;
  }

  function tell(verb: string, request: unknown): void {
    const how = table[verb];
    if (!isUsable || how === undefined) return;
    const { data, transfer } = how.request.encode(request);
    outbox.add({ id: unanswered, verb, data, items: how.items?.(request) ?? 1 }, transfer);
  }

  async function end(): Promise<void> {
    if (!isUsable) await worker.terminate();
    else void post("close", []).catch(() => worker.terminate());
    isUsable = false;
    await ended;
  }

  worker.on("message", ({ replies, walPages, gateNews }: Replies) => {
    const faults = replies.flatMap((reply) => calls.settle(reply) ?? []);
    const broken = faults.find(({ fault }) => fault === "broken");
    if (gateNews !== undefined) events.onGateNews?.(gateNews);
    if (broken !== undefined) breakDown(new Error(broken.text));
    else if (walPages !== undefined) events.onWalPages?.(walPages);
  });
  worker.on("error", (error) => breakDown(error instanceof Error ? error : new Error(String(error))));
  const ended = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      calls.abandon();
      breakDown(new Error(`a thread of the store ended with code ${code}`));
      resolve();
    });
  });
  return {
    call: ((verb: string, ...request: unknown[]) => post(verb, request)) as Caller<S>,
    tell: (verb, ...request) => tell(verb, request),
    end,
  };
}

/** No call has this number. */
const unanswered = 0;

/** Sources are run as they are; what tsc built lies beside what it built of this file. */
const builtFile = (file: string): URL => {
  const isSource = import.meta.url.endsWith(".ts");
  return new URL(isSource ? file : file.replace(/\.ts$/, ".js"), import.meta.url);
};
