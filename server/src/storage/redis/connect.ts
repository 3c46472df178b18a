import { Cluster, Redis } from "ioredis";
import { readTlsFiles, type TlsMaterial } from "../../lib/tls-files.ts";
import type { Address } from "./address.ts";

/** A connection to a Redis or to all masters of a cluster. */
export type Client = Redis | Cluster;

/** How long a connection may take to come, and how long it rests between attempts at most. */
const connectMs = 5000;
const restMsMax = 2000;
/** How often a cluster is asked which node has what. */
const slotsMs = 2000;

/**
 * What is under way when a connection breaks is not sent again behind the back of whoever asked: whether it happened is unknown, and said
 * so. Nothing is kept for later while there is none.
 */
const common = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: connectMs,
  // A master that became a replica: the next connection finds the new one.
  reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
} as const;

const rest = (times: number): number => Math.min(restMsMax, 25 * 2 ** Math.min(times, 8));

function optionsOf({ username, password }: Address, tls: TlsMaterial | undefined) {
  return {
    ...common,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
  };
}

/** Connects. Throws where nobody answers; later losses are mended by itself. */
export async function connect(address: Address): Promise<Client> {
  const options = optionsOf(address, address.tls && (await readTlsFiles(address.tls)));
  const single = await connectTo(address, options);
  try {
    if (!(await isCluster(single))) return single;
    if (address.db !== 0) throw new Error("a cluster has no database but 0");
  } catch (error) {
    single.disconnect();
    throw error;
  }
  single.disconnect();
  return connectToCluster(address, options);
}

type ConnectOptions = ReturnType<typeof optionsOf>;

async function connectTo(address: Address, options: ConnectOptions): Promise<Redis> {
  // The first time it is there or not; waiting for it is for later.
  let isTried = false;
  const client = new Redis({
    ...options,
    ...(address.socket === undefined ? address.hosts[0] : { path: address.socket }),
    db: address.db,
    retryStrategy: (times: number) => (isTried ? rest(times) : null),
  });
  let cause: Error | undefined;
  client.on("error", (error: Error) => {
    cause = error;
  });
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    // What is thrown says of some failures only that there is no connection.
    throw cause ?? error;
  }
  isTried = true;
  return client;
}

async function isCluster(client: Redis): Promise<boolean> {
  return /cluster_enabled:1/.test(await client.info("cluster"));
}

async function connectToCluster(address: Address, options: ConnectOptions): Promise<Cluster> {
  const { lazyConnect: _, enableOfflineQueue: __, ...redisOptions } = options;
  const client = new Cluster([...address.hosts], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: rest,
    // What was under way at a node that went is not sent to another one: it may have happened. Who has its slots now is asked soon.
    retryDelayOnFailover: 0,
    slotsRefreshInterval: slotsMs,
    redisOptions,
  });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** The masters that there are: of a cluster all, else the one. */
export const mastersOf = (client: Client): readonly Redis[] =>
  client instanceof Cluster ? client.nodes("master") : [client];
