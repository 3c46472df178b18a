/**
 * The composition root: the only file that knows every room. It makes each part, hands it what it needs, and takes all down in
 * the opposite order. Whatever comes from outside (time, chance, the store, the log) can be handed in instead.
 */

import type { Duplex } from "node:stream";
import {
  type Api,
  createApi,
  createAssemble,
  createGrowthFailure,
  createInboxLoop,
  createReadTarget,
  isSameTarget,
  markFamily,
  markSlot,
} from "./api/api.ts";
import { createBackend } from "./backend/backend.ts";
import { createSchedules } from "./beat/beat.ts";
import { createBroker, createLimits, type RunningBroker } from "./broker/broker.ts";
import { createCanvases, withCanvasBells } from "./canvas/canvas.ts";
import { type Config, ConfigError, readNamedFile, version } from "./config/config.ts";
import { createControl } from "./control/control.ts";
import { type Credentials, openCredentials } from "./credentials.ts";
import { watchClock } from "./lib/clock-watch.ts";
import { shownUrl } from "./lib/shown-url.ts";
import { createSystemClock } from "./lib/system-clock.ts";
import { createSystemRandom } from "./lib/system-random.ts";
import { createLocks } from "./locks/locks.ts";
import { type Defaults, defaults as fixed } from "./model/limits.ts";
import { openNamespaces } from "./namespaces/namespaces.ts";
import { hearOthers } from "./others.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import type { Random } from "./ports/random.ts";
import type { Store } from "./ports/store.ts";
import { createQueueEvents } from "./queue-events/queue-events.ts";
import { openRouting, type Routing, type RoutingDeps, RoutingError } from "./routing/routing.ts";
import { openStore, openStoreClock, type StoreTls } from "./storage/open.ts";
import { createLog, startTracing } from "./telemetry/telemetry.ts";
import { startUpkeep } from "./upkeep/upkeep.ts";

/** What a server may be given instead of making it. A store that is handed in is closed with the server. */
export type Parts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly store: Store;
};

/** A server that serves what is put into it. */
export type AssembledServer = {
  /** Resolves when the store can no longer be trusted: the server has to end, and this says why. */
  readonly storeLost: Promise<Error>;
  /** Opens the port. Throws StartError when it is not to be had; the server then goes on without. */
  listen(): Promise<Address>;
  /** Serves one connection that came some other way, such as one end of a pair of streams in a test. */
  inject(pipe: Duplex): void;
  /** Stops gently: grants nothing more, takes settlements until all work is back or drainMs are over, then closes. */
  drain(): Promise<void>;
  /** Stops now. Leases stay in the store, and workers come back with them. Idempotent. */
  close(): Promise<void>;
};

/** Where a server listens; the port is the real one, also where the configuration says 0. */
export type Address = { readonly host: string; readonly port: number };

/** A server that listens. */
export type RunningServer = Omit<AssembledServer, "listen"> & {
  readonly address: Address;
  /** The same for clients, such as `http://127.0.0.1:7836`. */
  readonly url: string;
};

/** Why a server did not start. */
export class StartError extends Error {
  /** What could not be had. */
  readonly part: "store" | "address";
  constructor(part: "store" | "address", message: string, cause: unknown) {
    super(message, { cause });
    this.name = "StartError";
    this.part = part;
  }
}

/**
 * Opens the store, starts every room and listens. Throws StartError when the store or the address is not to be had, ConfigError when
 * the routes, the certificate or the tokens are not right.
 */
export async function startServer(config: Config, parts: Partial<Parts> = {}): Promise<RunningServer> {
  const { listen, ...server } = await assembleServer(config, parts);
  try {
    const address = await listen();
    return { ...server, address, url: urlOf(address, config) };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Opens the store and starts every room, but listens nowhere. Throws StartError when the store is not to be had. */
export async function assembleServer(config: Config, parts: Partial<Parts> = {}): Promise<AssembledServer> {
  // Takes down what was started, last first: now if a later part fails, else when the server closes.
  await using started = new AsyncDisposableStack();
  const log = parts.log ?? createLog(config.log);
  const outside: Outside = {
    clock: parts.clock ?? (await openClock(config, { ...parts, log }, started)),
    random: parts.random ?? createSystemRandom(),
    log,
  };
  // First, so that it ends last, and the last calls are in it.
  started.defer(await startTracing({ ...config.telemetry, version, log: outside.log }));
  const storeLost = Promise.withResolvers<Error>();
  const store = parts.store ?? (await open(config, outside, storeLost.resolve));
  started.defer(() => store.close());
  const credentials = await openCredentials(config, outside);
  started.defer(() => credentials.stop());
  const rooms = await startRooms(config, { ...outside, store, credentials }, started);
  const { api } = rooms;
  const stops = createStops(config, { ...outside, ...rooms }, started.move());
  return {
    storeLost: storeLost.promise,
    async listen() {
      const address = await listen(config, api);
      const kept = parts.store === undefined ? shownUrl(config.store.url) : store.kind;
      const { durability } = store;
      outside.log.info({ url: urlOf(address, config), store: kept, durability, version }, "listening");
      return address;
    },
    inject: (pipe) => api.inject(pipe),
    ...stops,
  };
}

type Outside = Omit<Parts, "store">;

/** The time that the store counts in; where a store is handed in, that is ours. */
async function openClock(
  config: Config,
  { log, store }: Pick<Parts, "log"> & Partial<Parts>,
  started: AsyncDisposableStack,
): Promise<Clock> {
  const own: Clock = createSystemClock();
  if (store !== undefined) return own;
  try {
    const { clock, close } = await openStoreClock(config.store.url, { clock: own, log, tls: tlsOf(config) });
    started.defer(close);
    return clock;
  } catch (error) {
    throw new StartError("store", messageOf(error), error);
  }
}

async function open(
  config: Config,
  { clock, log }: Outside,
  onFatal: (error: Error) => void,
): Promise<Store> {
  const { limits, defaults, store } = config;
  const lease = { leaseMs: defaults.leaseMs, graceMs: defaults.leaseGraceMs };
  const durability = store.durability === "auto" ? {} : { durability: store.durability };
  try {
    return await openStore(store.url, {
      clock,
      log,
      limits,
      lease,
      onFatal,
      tls: tlsOf(config),
      ...durability,
    });
  } catch (error) {
    throw new StartError("store", messageOf(error), error);
  }
}

const tlsOf = ({ store }: Config): StoreTls => ({ ca: store.tlsCa, cert: store.tlsCert, key: store.tlsKey });

type Rooms = { readonly api: Api; readonly broker: RunningBroker };

async function startRooms(
  config: Config,
  parts: Parts & { readonly credentials: Credentials },
  started: AsyncDisposableStack,
): Promise<Rooms> {
  const { limits } = config;
  const { clock, random, log, store } = parts;
  const { auth, tls } = parts.credentials;
  // What is no setting keeps its value from the table.
  const defaults: Defaults = { ...fixed, ...config.defaults };
  const backend = createBackend({ store, clock, limits });
  const namespaces = await openNamespaces({
    ...{ store, clock, log, limits, configured: config.server.namespaces },
    queueCreation: config.queues.create === "explicit" ? "explicit" : "on_use",
    isMadeOnUse: config.server.namespaceCreate === "on-use",
    onMade: (name) => routing.holdLimits(name),
  });
  const routing = await openRoutes(config, {
    ...{ store, log, defaults, namespaces: namespaces.names(), isAlive: namespaces.isAlive },
    limitVerbs: createLimits({ store, clock, limits }),
  });
  const { hints, bells } = withCanvasBells(backend.hints);
  const assemble = createAssemble(limits);
  const shared = { store, clock, log, limits, defaults, hints, namespaces };
  const broker = await createBroker({
    ...{ ...shared, random, routing, assemble },
    readHanded: (ref) => canvases.readHanded(ref),
    grow: (...wanted) => canvases.grow(...wanted),
  });
  started.defer(() => broker.close());
  const failureOf = createGrowthFailure(limits);
  const canvases = createCanvases({
    ...{ store, clock, limits, namespaces, bells, broker, failureOf, markFamily },
  });
  const schedules = createSchedules({
    ...{ store, clock, log, limits, owner: random.taskId() },
    ...{ readTarget: createReadTarget({ clock, limits, defaults, random }), isSameTarget, markSlot },
    ...{ completeTasks: broker.completeTasks, refuseWhileDraining: broker.refuseWhileDraining },
    ...{ announce: broker.announce, cancelTask: broker.cancel },
    ...{ prepareCanvas: canvases.prepare, cancelCanvas: canvases.cancel },
  });
  started.defer(() => schedules.close());
  const { queueHints, leaveNamespace } = broker;
  const clockWatch = watchClock({ clock, log });
  started.defer(() => clockWatch.stop());
  const upkeep = startUpkeep({
    ...{ ...shared, queueHints, leaveNamespace, schedules },
    tidyCanvases: canvases.tidy,
  });
  started.defer(() => upkeep.stop());
  startInbox({ store, broker, clock, log, limits, defaults, tenants: namespaces }, started);
  const pageTokenKey = await keptKey(store, random);
  const queueEvents = createQueueEvents({ store, clock, limits });
  started.defer(hearOthers({ store, clock, log, hints, namespaces, routing, broker, queueEvents }));
  const api = createApi({
    ...{ pageTokenKey, auth, tls },
    broker,
    backend,
    routing,
    locks: createLocks({ store, clock, log, limits }),
    control: createControl({ broker }),
    canvases,
    schedules,
    queueEvents,
    clock,
    random,
    log,
    limits,
    defaults,
    tenants: namespaces,
    info: {
      ...{ version, store: store.kind, durability: store.durability, startedAt: clock.now() },
      clock: clockWatch.status,
    },
  });
  started.defer(() => api.close({ graceMs: closeGraceMs }));
  return { api, broker };
}

/** Where users may enqueue in their own transactions, what they did is taken in. */
function startInbox(
  { store, ...deps }: Omit<Parameters<typeof createInboxLoop>[0], "inbox"> & Pick<Parts, "store">,
  started: AsyncDisposableStack,
): void {
  if (store.inbox === undefined) return;
  const loop = createInboxLoop({ ...deps, inbox: store.inbox });
  loop.start();
  started.defer(() => loop.stop());
}

/** Throws ConfigError where a file of routes, or what the store keeps of them, is not right. */
async function openRoutes(
  { server, limits }: Config,
  deps: Omit<RoutingDeps, "limits" | "file">,
): Promise<Routing> {
  const { routing: name } = server;
  const file = name === "" ? undefined : { name, text: readNamedFile(name, "the file of routes") };
  try {
    return await openRouting({ ...deps, limits, file });
  } catch (error) {
    throw error instanceof RoutingError ? new ConfigError(error.mistakes) : error;
  }
}

/** Page tokens outlive a restart, and are taken by every server of a store, so their key is kept with the tasks: the first one made. */
const keptKey = async (store: Store, random: Random): Promise<Uint8Array> =>
  (await store.getMeta(pageTokenKeyName)) ?? store.swapMeta(pageTokenKeyName, undefined, random.bytes(32));

const pageTokenKeyName = "page-token-key";

/** Calls under way get this long to end by themselves. */
const closeGraceMs = 1000;

function createStops({ server }: Config, rooms: Rooms & Outside, started: AsyncDisposableStack) {
  let closed: Promise<void> | undefined;
  // Cuts a drain short that is under way.
  const closing = Promise.withResolvers<boolean>();
  const close = (): Promise<void> => {
    closing.resolve(false);
    closed ??= started.disposeAsync();
    return closed;
  };
  const drain = async (): Promise<void> => {
    rooms.api.drain();
    const overdue = Promise.withResolvers<boolean>();
    const cancel = rooms.clock.after(server.drainMs, () => overdue.resolve(true));
    const isOverdue = await Promise.race([
      overdue.promise,
      closing.promise,
      rooms.broker.quiet().then(() => false),
    ]);
    cancel();
    if (isOverdue) {
      rooms.log.warn({ drainMs: server.drainMs }, "work is still out; its leases are kept for its workers");
    }
    await close();
  };
  return { drain, close };
}

async function listen({ listen: wanted }: Config, api: Api): Promise<Address> {
  try {
    return await api.listen({ host: wanted.host, port: wanted.port });
  } catch (error) {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    const why = taken ? "another program holds this port" : messageOf(error);
    throw new StartError("address", `cannot listen on ${wanted.host}:${wanted.port}: ${why}`, error);
  }
}

/** An address as clients write it. */
export function urlOf({ host, port }: Address, { tls }: Pick<Config, "tls">): string {
  const scheme = tls.cert === "" ? "http" : "https";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
