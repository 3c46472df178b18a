/** Every bound of the server and every default of a task, in one place. GetServerInfo prints both tables. */

/** Bounds; crossing one is a problem with a name, never a slow death. Sizes in bytes, durations in milliseconds. */
export const limits = {
  messageBytesMax: 4 * 1024 * 1024,
  /** List items, map entries and messages in one request: each becomes an object, many times the two bytes that it may take. */
  messagePartsMax: 100_000,
  /** Senders cut batches and frames here, below what receivers take, so that framing never tips one over. */
  frameBytesMax: 3_670_016,
  payloadBytesMax: 2 * 1024 * 1024,
  resultBytesMax: 2 * 1024 * 1024,
  payloadEncodingEntriesMax: 16,
  jsonDepthMax: 64,
  metadataBytesMax: 16 * 1024,
  taskIdCharsMax: 128,
  nameCharsMax: 255,
  headersMax: 64,
  headerValueBytesMax: 4096,
  headersBytesMax: 32 * 1024,
  taskMetadataMax: 32,
  taskMetadataValueBytesMax: 1024,
  taskMetadataBytesMax: 8 * 1024,
  tagsMax: 16,
  tagCharsMax: 128,
  batchTasksMax: 1000,
  /** Tasks that one end of a task makes; how deep those may say such again, and how much all of them may contain. */
  linksMax: 16,
  linkDepthMax: 8,
  linksBytesMax: 2 * 1024 * 1024,
  /** Tasks that one call brings into a canvas; how deep its nodes are nested; how many steps a chain has. */
  canvasTasksMax: 10_000,
  canvasDepthMax: 16,
  canvasStepsMax: 1000,
  /** What a task is handed of a group by value: more is handed by reference. */
  canvasInputItemsMax: 100_000,
  canvasInputBytesMax: 1024 * 1024,
  awaitedTasksMax: 1000,
  awaitMsMax: 3_600_000,
  pageSizeMax: 1000,
  pageSizeDefault: 50,
  /** Tasks, or canvases, that one page of a filter looks at, however few of them match. */
  scannedTasksMax: 50_000,
  /** Tasks that one call of an operator works through; it answers where to go on. */
  operationTasksMax: 10_000,
  /** Tasks that come before another one are counted so far. */
  tasksAheadMax: 1000,
  /** How many ready tasks of one priority GetQueue counts in the index; what is left of the queue's count goes to the only one beyond it. */
  priorityCountMax: 10_000,
  leasedTasksMax: 1000,
  /** Tasks of a queue with turns that a stream gets at once: its slots come free one after the other, and whoever is next soon has one. */
  turnsPerGrantMax: 8,
  leaseWaitMsMax: 30_000,
  leaseMsMin: 1000,
  leaseMsMax: 3_600_000,
  delayMsMax: 315_360_000_000,
  /** How long a claim of a unique key may be kept on purpose, and a debounced task be put off. */
  uniqueMsMax: 315_360_000_000,
  retentionMsMax: 315_360_000_000,
  /** The largest bound that may be asked for on ended tasks of a name, and on the bytes of their results. */
  keptTasksMax: 1_000_000_000,
  keptBytesMax: 1_000_000_000_000_000,
  timeLimitMsMax: 86_400_000,
  startWithinMsMax: 86_400_000,
  /** A lease is not extended further than this beyond its attempt's time limit: its worker should have ended it long ago. */
  timeLimitGraceMs: 10_000,
  attemptsMax: 1000,
  deliveriesMax: 1000,
  creditMax: 10_000,
  sessionQueuesMax: 1000,
  receivedRangesMax: 1000,
  sessionDefinitionsMax: 1000,
  definitionsPerNamespaceMax: 10_000,
  argsSchemaBytesMax: 64 * 1024,
  heldLeasesMax: 10_000,
  failureMessageBytesMax: 16 * 1024,
  failureStackBytesMax: 64 * 1024,
  progressPerSecondMax: 1000,
  /** Progress is kept in memory for every running task, so its data may not be as large as a result. */
  progressDataBytesMax: 64 * 1024,
  /** What an attempt leaves for the next one; it travels with the task's next grant. */
  checkpointBytesMax: 64 * 1024,
  retryDelaysMax: 100,
  retryTypesMax: 32,
  failureAncestorsMax: 16,
  /** Data of one chunk, and facts of one line of a log, that a task puts out. */
  outputEntryBytesMax: 64 * 1024,
  logTextBytesMax: 4096,
  /** What is kept of a task's output, by kind; beyond it the oldest go. */
  keptProgressMax: 100,
  keptProgressBytesMax: 256 * 1024,
  keptLogLinesMax: 1000,
  keptLogBytesMax: 256 * 1024,
  keptChunksMax: 10_000,
  keptChunkBytesMax: 4 * 1024 * 1024,
  /** Streams that follow the output of tasks or the events of queues, at once. */
  watchStreamsMax: 1000,
  queueEventBytesMax: 64 * 1024,
  /** What is kept of a queue's events; beyond it the oldest go. */
  queueEventsMax: 1000,
  queueEventsBytesMax: 4 * 1024 * 1024,
  queueEventRetentionMs: 86_400_000,
  queueEventNamesMax: 100,
  queuesPerNamespaceMax: 10_000,
  namespacesMax: 10_000,
  schedulesPerNamespaceMax: 10_000,
  /** What a schedule starts, encoded, and what is said of it and of its pause. */
  scheduleTargetBytesMax: 256 * 1024,
  scheduleTextBytesMax: 1024,
  /** Schedules that one call applies, and the text in which they may stand. A hostile one holds the server up for a second. */
  schedulesAppliedMax: 1000,
  scheduleDocumentBytesMax: 64 * 1024,
  /** What is kept of what became of a schedule's slots; beyond it the oldest go. */
  scheduleHistoryMax: 100,
  /** How long another server waits at most to fire schedules when the one that did so has died. */
  beatLeaseMs: 5000,
  /** Schedules that one write fires, tasks that it starts, and bytes of their contents, roughly. */
  schedulesFiredTogetherMax: 500,
  scheduleStartsMax: 100,
  scheduleStartBytesMax: 8 * 1024 * 1024,
  scheduleRunsMax: 1_000_000_000,
  scheduleJitterMsMax: 86_400_000,
  locksMax: 100_000,
  lockTtlMsMin: 100,
  lockTtlMsMax: 86_400_000,
  lockWaitMsMax: 30_000,
  /** Calls that wait for locks at once, over all keys. */
  lockWaitersMax: 10_000,
  gateLimitsPerNamespaceMax: 10_000,
  limitKeyCharsMax: 255,
  requiredLabelsMax: 16,
  limitConcurrencyMax: 1_000_000,
  rateCountMax: 1_000_000,
  ratePeriodMsMax: 86_400_000,
  rateBurstMax: 1_000_000,
  unaryMsMax: 30_000,
  prefaceMsMax: 5000,
  /** How often the files of certificates and tokens are looked at, and open streams' tokens with them. */
  credentialCheckMs: 5000,
  helloMsMax: 10_000,
  streamStalledMsMax: 60_000,
  streamsPerConnectionMax: 100,
  /** Unread bytes that a connection takes; with HTTP/2's 64 KiB the sender of a batch would stop and wait several times. */
  connectionWindowBytes: 1024 * 1024,
  workerStreamsMax: 1000,
  /** Of these, streams of one principal, where callers are asked who they are. */
  workerStreamsPerPrincipalMax: 1000,
  /** Workers that may greet in a second; all of them come back at once when a server has restarted. */
  workerHandshakesPerSecondMax: 200,
  /** How long a worker is told to wait at most that came too soon: less than a lease, so that it keeps what it holds. */
  handshakeWaitMsMax: 10_000,
  /** Commands that may wait for a worker that reads slowly. */
  workerCommandsMax: 100,
  commandMsMax: 60_000,
  awaitStreamsMax: 1000,
  forgedTokensMax: 3,
  forgedTokenWindowMs: 10_000,
  /** Ids of a namespace that are cancelled before they come, and how long such an entry lasts at most and by default. */
  revocationsMax: 10_000,
  revocationMsMax: 31_536_000_000,
  revocationMsDefault: 86_400_000,
  /** Attempts that ended badly, kept of one task; the oldest go first. */
  attemptHistoryMax: 10,
  tombstoneMs: 86_400_000,
  eventRetentionMs: 86_400_000,
  eventBytesMax: 1024 * 1024 * 1024,
  /** The text of a namespace's routing. A hostile one of this size holds the server up for half a second. */
  routingBytesMax: 64 * 1024,
  routesMax: 1000,
  /** Queues that a routing declares, and bindings of all of them. */
  routingQueuesMax: 10_000,
  bindingsMax: 10_000,
  /** Queues that stand in for one queue, and other names that one name leads through. */
  fallbacksMax: 16,
  /** Workers of a namespace that listen on channels, or have left something unfinished that they heard there. */
  broadcastListenersMax: 1000,
  /** Live broadcasts of a channel; a tenth more for a moment. Beyond it the oldest end. */
  broadcastHistoryMax: 1000,
  broadcastMsMax: 2_592_000_000,
  globCharsMax: 256,
  globWildcardsMax: 16,
} as const;

/** What a task gets that does not say otherwise, and the pace of leases. Durations in milliseconds. */
export const defaults = {
  queue: "default",
  priority: 5,
  maxAttempts: 4,
  maxDeliveries: 20,
  leaseMs: 20_000,
  heartbeatMs: 5000,
  leaseGraceMs: 2000,
  reapIntervalMs: 1000,
  retryBaseMs: 2000,
  retryFactor: 2,
  retryMaxMs: 300_000,
  retentionMs: 86_400_000,
  /** Failed tasks are dead letters: somebody has to come and look, also after a long weekend. */
  deadLetterRetentionMs: 604_800_000,
  /** How long a task waits whose worker did not know its name, so that another worker can be deployed meanwhile. */
  unknownNameDelayMs: 5000,
} as const;

/** The names of the bounds, as GetServerInfo lists them. */
export type LimitName = keyof typeof limits;
/** The bounds in force: the table above, as far as the configuration does not say otherwise. */
export type Limits = { readonly [K in LimitName]: number };
/** The defaults in force. */
export type Defaults = {
  readonly [K in keyof typeof defaults]: (typeof defaults)[K] extends string ? string : number;
};
