import type {
  Broker,
  Lease,
  LeaseVerdict,
  SaidOutcome,
  Session,
  SettleVerdict,
} from "../../server/src/broker/broker.ts";
import type { Command } from "../../server/src/model/command.ts";
import { defaultNamespace, type Namespace, queueNameOf } from "../../server/src/model/ids.ts";
import { defaults } from "../../server/src/model/limits.ts";
import type { Problem } from "../../server/src/model/problem.ts";
import type { Subscription } from "../../server/src/model/queue-tier.ts";
import type { TaskDefinition } from "../../server/src/model/task-definition.ts";
import type { WorkerTraits } from "../../server/src/model/worker.ts";

/** How a worker of a test greets. */
export type WorkerWish = {
  readonly name?: string;
  /** Default: "default". */
  readonly namespace?: Namespace;
  /** Names, or with a mode. */
  readonly queues?: readonly (string | Subscription)[];
  /** The broadcast channels it listens to. */
  readonly channels?: readonly string[];
  readonly traits?: Partial<WorkerTraits>;
  readonly definitions?: readonly TaskDefinition[];
  readonly credit?: number;
  /** The session to go on with, the leases that it says it holds, and the newest grant that it has seen. */
  readonly resume?: {
    readonly sessionId: Uint8Array;
    readonly held: readonly Uint8Array[];
    readonly seenSeq: number;
  };
};

/** What a worker is like that says nothing of itself. */
export const usualTraits: WorkerTraits = {
  slots: 100,
  sdk: "test",
  capabilities: new Set(),
  labels: new Map(),
  broadcastChannels: [],
};

const subscriptionOf = (wish: string | Subscription): Subscription =>
  typeof wish === "string" ? { queue: queueNameOf(wish), mode: "merged", weight: 1 } : wish;

/** A worker that does what its test says. */
export type ScriptedWorker = Awaited<ReturnType<typeof connectWorker>>;

/** Opens a worker's session. */
export async function connectWorker(broker: Broker, wish: WorkerWish = {}) {
  const { name = "worker", channels = [], queues = [defaults.queue], credit = 100, resume } = wish;
  const cancels: { readonly token: Uint8Array; readonly reason: string }[] = [];
  const commands: { readonly commandId: number; readonly command: Command }[] = [];
  const dismissals: Problem[] = [];
  const stream = new AbortController();
  let wasSuperseded = false;
  const session: Session = await broker.openSession(
    {
      namespace: wish.namespace ?? defaultNamespace,
      worker: name,
      subscriptions: queues.map(subscriptionOf),
      traits: { ...usualTraits, broadcastChannels: channels, ...wish.traits },
      paused: [],
      definitions: wish.definitions ?? [],
      resume,
    },
    {
      frameSeq: () => 0n,
      onCancel: (token, reason) => cancels.push({ token, reason }),
      onCommand(commandId, command) {
        commands.push({ commandId, command });
        return true;
      },
      onDismissed: ({ problem }) => dismissals.push(problem),
      onSuperseded: () => {
        wasSuperseded = true;
      },
    },
  );
  session.credit(session.lastSeq, credit);
  const settleOne = async (lease: Lease, outcome: SaidOutcome): Promise<SettleVerdict> => {
    const [verdict] = await session.settle([{ token: lease.token, outcome }]);
    if (verdict === undefined) throw new Error("a settlement got no verdict");
    return verdict;
  };
  return {
    session,
    cancels,
    commands,
    dismissals,
    get wasSuperseded() {
      return wasSuperseded;
    },
    /** The next tasks, when there are any. */
    take: (limit = 100): Promise<readonly Lease[]> => session.next(limit, stream.signal),
    /** The next task, when there is one. */
    async takeOne(): Promise<Lease> {
      const [lease] = await session.next(1, stream.signal);
      if (lease === undefined) throw new Error("the session granted nothing, and never will");
      return lease;
    },
    settle: settleOne,
    succeed: (lease: Lease, result = "done") =>
      settleOne(lease, { kind: "succeeded", result: Buffer.from(result) }),
    fail: (lease: Lease, message = "it broke") =>
      settleOne(lease, { kind: "failed", failure: Buffer.from(message), nonRetryable: false }),
    heartbeat: (): Promise<readonly LeaseVerdict[]> => session.heartbeat(session.lastSeq),
    /** Its stream breaks. */
    lose(): void {
      stream.abort();
      session.detach();
    },
  };
}
