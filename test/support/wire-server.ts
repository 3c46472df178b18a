import { type Api, createApi } from "../../server/src/api/api.ts";
import { createBackend } from "../../server/src/backend/backend.ts";
import { createLimits } from "../../server/src/broker/broker.ts";
import { createControl } from "../../server/src/control/control.ts";
import { createSystemClock } from "../../server/src/lib/system-clock.ts";
import { createSystemRandom } from "../../server/src/lib/system-random.ts";
import { createLocks } from "../../server/src/locks/locks.ts";
import type { Instant, TaskId } from "../../server/src/model/ids.ts";
import { type Defaults, defaults, type Limits, limits } from "../../server/src/model/limits.ts";
import type { QueueCreation } from "../../server/src/model/namespace.ts";
import { openNamespaces } from "../../server/src/namespaces/namespaces.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { createQueueEvents } from "../../server/src/queue-events/queue-events.ts";
import { openRouting } from "../../server/src/routing/routing.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { startUpkeep } from "../../server/src/upkeep/upkeep.ts";
import { openBrokerRoom } from "./broker-room.ts";
import { createRecordingLog, type RecordingLog } from "./recording-log.ts";

/** What a wire test wants otherwise than a server has it. */
export type WireWish = {
  readonly limits?: Partial<Limits>;
  readonly defaults?: Partial<Defaults>;
  readonly namespaces?: readonly string[];
  readonly store?: Store;
  readonly queueCreation?: QueueCreation;
  /** Whether a namespace comes into being when it is named. */
  readonly isMadeOnUse?: boolean;
};

/** A whole server on a loopback port, with a memory store and real time. */
export type WireServer = {
  readonly api: Api;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly log: RecordingLog;
  readonly limits: Limits;
  close(): Promise<void>;
};

/** Starts a server for a wire test. */
export async function startWireServer(wish: WireWish = {}): Promise<WireServer> {
  const clock = createSystemClock<Instant>();
  const bounds = { ...limits, ...wish.limits };
  const log = createRecordingLog();
  const store = wish.store ?? createMemoryStore({ limits: bounds });
  const backend = createBackend({ store, clock, limits: bounds });
  const random = createSystemRandom<TaskId>();
  const deps = {
    store,
    clock,
    random,
    log,
    limits: bounds,
    defaults: { ...defaults, ...wish.defaults },
    hints: backend.hints,
  };
  const namespaces = await openNamespaces({
    ...{ ...deps, configured: wish.namespaces ?? ["default"] },
    ...{ queueCreation: wish.queueCreation ?? "on_use", isMadeOnUse: wish.isMadeOnUse ?? false },
    onMade: (name) => routing.holdLimits(name),
  });
  const routing = await openRouting({
    ...{ ...deps, namespaces: namespaces.names(), isAlive: namespaces.isAlive },
    limitVerbs: createLimits(deps),
  });
  const { broker, canvases, schedules, hints } = await openBrokerRoom({ ...deps, routing, namespaces });
  const { queueHints, leaveNamespace } = broker;
  const { tidy: tidyCanvases } = canvases;
  const upkeep = startUpkeep({
    ...{ ...deps, hints, queueHints, namespaces, leaveNamespace, tidyCanvases, schedules },
  });
  const info = {
    version: "0.0.0-test",
    store: store.kind,
    durability: store.durability,
    startedAt: clock.now(),
    clock: () => ({ jumps: 2, last: { at: 1_800_000_000_000, byMs: -3500 }, aheadMs: 7000 }),
  };
  const api = createApi({
    ...deps,
    ...{ broker, backend, routing, canvases, schedules, info, tenants: namespaces },
    locks: createLocks(deps),
    control: createControl({ broker }),
    queueEvents: createQueueEvents(deps),
  });
  const address = await api.listen({ host: "127.0.0.1", port: 0 });
  return {
    ...{ api, log, limits: bounds },
    ...address,
    url: `http://${address.host}:${address.port}`,
    async close() {
      await api.close();
      await Promise.all([upkeep.stop(), broker.close()]);
      await store.close();
    },
  };
}
