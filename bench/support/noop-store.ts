import { create, toBinary } from "@bufbuild/protobuf";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { Store } from "@stem/server";
import { payload } from "./tasks.ts";

type Claimed = Awaited<ReturnType<Store["claim"]>>[number];

const noQuotas = { queues: undefined, backlogTasks: undefined, backlogBytes: undefined };

/**
 * A store that keeps nothing: it hands out `count` canned tasks of the default queue and says yes to every settlement, so that what is
 * measured is everything but the keeping. What the benchmark does not need, it refuses.
 */
export function createNoopStore(count: number): Store {
  const meta = new Map<string, Uint8Array>();
  let given = 0;
  return {
    kind: "noop",
    durability: "none",
    claim: async ({ limit, queues }) => {
      const [queue] = queues;
      const size = queue === undefined ? 0 : Math.min(limit, count - given);
      const claimed = Array.from({ length: size }, (_, i) =>
        cannedTask(given + i, queue as Claimed["queue"]),
      );
      given += size;
      return claimed;
    },
    settle: async (settlements) => settlements.map(() => ({ kind: "applied", state: "succeeded" })),
    extend: async ({ leases }) => leases.map(() => ({ held: true, cancel: undefined })),
    read: async (refs) => refs.map(() => undefined),
    readHeads: async (refs) => refs.map(() => undefined),
    dueTasks: async () => [],
    expiredLeases: async () => [],
    prune: async () => 0,
    pruneOverfull: async () => 0,
    truncateEvents: async () => 0,
    readEvents: async () => ({ events: [], truncated: false }),
    openGates: async () => undefined,
    onGateNews: () => undefined,
    getMeta: async (key) => meta.get(key),
    swapMeta: async (key, _before, value) => {
      meta.set(key, value);
      return value;
    },
    putMeta: async (key, value) => void meta.set(key, value),
    pruneLocks: async () => 0,
    pruneClaims: async () => 0,
    pruneQueueEvents: async () => 0,
    pruneCanvases: async () => 0,
    overdueCanvases: async () => [],
    barriersWithRest: async () => [],
    dueSchedules: async () => [],
    close: async () => undefined,
    duePauses: async () => [],
    expireOverdue: async () => ({ expired: [], seen: 0 }),
    listDefinitions: async () => [],
    ...notMeasured,
    leavingQueues: async () => [],
    forgetQueues: async () => 0,
    openNamespaces: async ({ names, now }) =>
      names.map((name) => ({
        ...{ name, state: "active", reason: "", createdAt: now, revision: 1 },
        settings: { description: "", quotas: noQuotas, queueCreation: undefined },
      })),
  };
}

const policy: Claimed["policy"] = {
  maxAttempts: 4,
  maxDeliveries: 20,
  retry: { baseMs: 2000, factor: 2, maxMs: 300_000, jitter: "full" },
  leaseMs: undefined,
  retentionMs: 86_400_000,
  deadLetterRetentionMs: 604_800_000,
};

// Encoded once: whoever enqueues a task pays for that, not whoever hands it out.
const content = toBinary(
  NewTaskSchema,
  create(NewTaskSchema, {
    name: "noop",
    args: { data: { case: "json", value: JSON.stringify([payload(0)]) } },
  }),
);

function cannedTask(i: number, queue: Claimed["queue"]): Claimed {
  return {
    id: `0193e0c6-0000-7000-8000-${i.toString().padStart(12, "0")}` as Claimed["id"],
    queue,
    fence: { epoch: 1_764_000_000_000, seq: i },
    attempt: 1,
    deliveries: 1,
    createdAt: 1_764_000_000_000 as Claimed["createdAt"],
    content,
    policy,
  };
}

const verbs = [
  "setRetention",
  "accept",
  "apply",
  "edit",
  "remove",
  "revoke",
  "endPauses",
  "readAttempts",
  "noteReplays",
  "readReplays",
  "saveCheckpoints",
  "list",
  "listQueues",
  "getQueue",
  "readyCounts",
  "putDefinitions",
  "removeDefinition",
  "setPause",
  "putLimit",
  "setGatePause",
  "readPriorities",
  "listRevocations",
  "withdrawRevocations",
  "deleteLimit",
  "putWeight",
  "listWeights",
  "readStanding",
  "getLimit",
  "listLimits",
  "purge",
  "purgeMark",
  "acquireLock",
  "renewLock",
  "releaseLock",
  "getLock",
  "listLocks",
  "getClaim",
  "listClaims",
  "writeOutput",
  "readOutput",
  "emitQueueEvent",
  "readQueueEvents",
  "createQueue",
  "updateQueue",
  "deleteQueue",
  "missingQueue",
  "createNamespace",
  "updateNamespace",
  "readNamespaceUse",
  "clearNamespace",
  "putSchedule",
  "readSchedules",
  "listSchedules",
  "deleteSchedule",
  "fireSchedules",
  "listSlotRecords",
  "submitCanvas",
  "addMembers",
  "readBarriers",
  "readMembers",
  "listBarriers",
  "readParts",
  "listCanvases",
  "closeBarrier",
  "readRest",
  "markSwept",
] as const satisfies readonly (keyof Store)[];

/** What no benchmark calls. */
const notMeasured = Object.fromEntries(
  verbs.map((verb) => [verb, () => Promise.reject(new Error(`the no-op store has no ${verb}`))]),
) as unknown as Pick<Store, (typeof verbs)[number]>;
