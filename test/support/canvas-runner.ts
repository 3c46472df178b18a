/**
 * A worker of canvases that has no clock and no stream: it takes what is ready, runs it and settles it, round by round, until nothing is
 * ready any more. It runs each round from its end, so that no order comes of itself.
 */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Grant, SettlementSchema } from "@stem/proto/stem/v1/lease_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { json, type Node } from "./canvas-nodes.ts";

/** A handler gets its arguments one by one, or the object that they are; what it throws is the task's failure, for good. */
export type Handler = (...args: never[]) => unknown;

/** A run of a handler. */
export type Run = { readonly name: string; readonly args: readonly unknown[]; readonly id: string };

/** What a handler returns to put another node in the place of its task. */
export class Replacement {
  readonly node: Node;
  constructor(node: Node) {
    this.node = node;
  }
}

/** What a handler returns to add members to its group. */
export class Further {
  readonly value: unknown;
  readonly members: readonly Node[];
  constructor(value: unknown, ...members: readonly Node[]) {
    this.value = value;
    this.members = members;
  }
}

/** One at work on a queue. */
export type CanvasRunner = {
  /** What was run so far, in that order. */
  readonly runs: readonly Run[];
  /** Takes what is ready, without running it. */
  lease(max?: number): Promise<readonly Grant[]>;
  /** Runs what was taken, the last first, and settles all of it at once. */
  settle(grants: readonly Grant[]): Promise<void>;
  /** Runs until nothing is ready. */
  drain(): Promise<void>;
};

/** Tasks of one round. */
const roundMax = 1000;

/** Makes it. */
export function createCanvasRunner(
  transport: Transport,
  handlers: Readonly<Record<string, Handler>>,
  { namespace, queue = "default" }: { readonly namespace: string; readonly queue?: string },
): CanvasRunner {
  const workers = createClient(WorkerService, transport);
  const runs: Run[] = [];

  async function lease(maxTasks = roundMax): Promise<readonly Grant[]> {
    const { grants } = await workers.leaseTasks({ namespace, queues: [queue], maxTasks });
    return grants;
  }

  async function settle(grants: readonly Grant[]): Promise<void> {
    const settlements = grants.toReversed().map((grant) => {
      const run = runOf(grant);
      runs.push(run);
      return { leaseToken: grant.leaseToken, outcome: outcomeOf(handlers[run.name], run) };
    });
    await settleAll(workers, { namespace, settlements });
  }

  return {
    runs,
    lease,
    settle,
    async drain() {
      for (let grants = await lease(); grants.length > 0; grants = await lease()) await settle(grants);
    },
  };
}

async function settleAll(
  workers: Client<typeof WorkerService>,
  request: { namespace: string; settlements: MessageInitShape<typeof SettlementSchema>[] },
): Promise<void> {
  const { results } = await workers.settleTasks(request);
  const wrong = results.find(({ error }) => error !== undefined);
  if (wrong !== undefined) throw new Error(`a settlement was refused: ${wrong.error?.message}`);
}

function runOf({ task, taskId }: Grant): Run {
  const { data } = task?.args ?? {};
  const args: unknown = data?.case === "json" ? JSON.parse(data.value) : [];
  return { name: task?.name ?? "", args: Array.isArray(args) ? args : [args], id: taskId };
}

type Outcome = NonNullable<MessageInitShape<typeof SettlementSchema>["outcome"]>;

function outcomeOf(handler: Handler | undefined, { name, args }: Run): Outcome {
  if (handler === undefined) throw new Error(`nobody handles ${name}`);
  try {
    const value = handler(...(args as never[]));
    if (value instanceof Replacement) return { case: "replaced", value: { node: value.node } };
    if (value instanceof Further)
      return {
        case: "succeeded",
        value: { result: json(value.value), newMembers: [...value.members] },
      };
    return { case: "succeeded", value: { result: json(value ?? null) } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { case: "failed", value: { failure: { type: "Error", message, nonRetryable: true } } };
  }
}
