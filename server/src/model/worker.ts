/** What a worker says of itself when it greets, for those who look for workers. */
export type WorkerTraits = {
  readonly slots: number;
  /** The SDK's name and version. */
  readonly sdk: string;
  /** What it can do beyond the protocol, by name. */
  readonly capabilities: ReadonlySet<string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly broadcastChannels: readonly string[];
};

/** How a worker is doing, by its own word. */
export type WorkerStats = {
  readonly host: string;
  readonly pid: number;
  readonly uptimeMs: number | undefined;
  readonly load: readonly number[];
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryBytesMax: number;
  readonly started: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly running: number;
  readonly waiting: number;
  readonly slots: number;
  readonly zombies: number;
  readonly children: number;
  readonly slotsMax: number;
  /** The tasks that it holds, by queue. */
  readonly held: ReadonlyMap<string, number>;
  readonly sinceConfirmedMs: number | undefined;
};
