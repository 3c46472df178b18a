/** How a task is to be run. What is left out takes the definition's value, then the server's default. */
export type TaskOptions = {
  /** The queue it waits in. Default: "default". A queue comes into being with its first task. */
  readonly queue?: string;
  /**
   * Finds the queue, where the server's routing binds queues to keys. In place of a queue: a call's key replaces the definition's
   * queue, and a call's queue its key.
   */
  readonly routingKey?: string;
  /** 0 (last) to 9 (first). Default 5. */
  readonly priority?: number;
  /** How often it may be tried in all. Default 4. */
  readonly maxAttempts?: number;
  /** How often it may be handed to a worker in all, lost leases included. Default 20. */
  readonly maxDeliveries?: number;
  /** The wait between attempts. */
  readonly retry?: RetryOptions;
  /** Not before this long after the server accepted it, up to 10 years. A floor: it may start later, never earlier. */
  readonly delayMs?: number;
  /** Not before this instant, up to 10 years ahead; the past means at once. Wins over `delayMs`. */
  readonly notBefore?: Date;
  /** How long one attempt may run, 1 ms to 24 h. Default: no limit. */
  readonly timeLimitMs?: number;
  /** How long a worker holds it without a heartbeat, 1 s to 1 h. Default: the server's, 20 s. */
  readonly leaseMs?: number;
  /** How long the task and its result are kept after its end, up to 10 years. Default 24 h. */
  readonly resultRetentionMs?: number;
  /** At most one task with its key at a time; `true`: the key is made of name, queue and arguments. Default: no limit. */
  readonly unique?: true | UniqueOptions;
  /** The key whose limits it obeys, such as a tenant or a remote system; at most 255 printable characters without spaces. */
  readonly limitKey?: string;
  /** Tasks of a queue with the same key run one after the other, in the order of acceptance, retries included. */
  readonly orderingKey?: string;
  /** Keys of a queue take turns, whatever each has waiting. */
  readonly fairnessKey?: string;
  /** What the worker must be like that gets it, such as `{ gpu: "yes" }`; at most 16. A call's are added to the definition's. */
  readonly requiredLabels?: Readonly<Record<string, string>>;
  /** Data for the handler and its tools, lower-case keys. A call's headers are added to the definition's, key by key. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Words to find it by, at most 16. A call's tags are added to the definition's. */
  readonly tags?: readonly string[];
};

/** A key that the task claims, so that no second one with it is made until it has ended. */
export type UniqueOptions = {
  /** The key, over all names and queues. Default: made of the task's name, its queue, and its arguments. */
  readonly key?: string;
  /** Makes the key of these parts of the arguments only: JSON Pointers, such as `/0/customer` for the first argument's customer. */
  readonly argPaths?: readonly string[];
  /** Until when it is claimed: the task's end, or its first start, so that one waits while another runs. Default "ended". */
  readonly until?: "ended" | "started";
  /** How much longer it is claimed, counted from then. */
  readonly uniqueForMs?: number;
  /** At least how long it is claimed, counted from when the task was accepted: one task a window. */
  readonly windowMs?: number;
  /**
   * What a second task comes to. return: the handle is the first one's. reject: StemProblem UNIQUE_TAKEN. replace: it takes the place of
   * the first, which is cancelled, while that waits. Default "return".
   */
  readonly onConflict?: "return" | "reject" | "replace";
  /** The last wins: later tasks take over the one that waits, which starts `delayMs` after the last, `maxWaitMs` after the first at most. */
  readonly debounce?: { readonly delayMs: number; readonly maxWaitMs?: number };
};

/** The wait between attempts: min(maxDelayMs, baseDelayMs × factor ^ (attempt - 1)), then jitter. */
export type RetryOptions = {
  /** Delay before the second attempt. Default 2 s. */
  readonly baseDelayMs?: number;
  /** Growth per attempt; 1 means a fixed delay. Default 2. */
  readonly factor?: number;
  /** Upper bound of the delay. Default 5 min. */
  readonly maxDelayMs?: number;
  /** full: anything between zero and the computed delay. none: exactly that. Default full. */
  readonly jitter?: "full" | "none";
};

/** What one call says beyond its arguments. */
export type EnqueueOptions = TaskOptions & {
  /** The task's id. Default: a new UUIDv7. The same id with the same content is stored once; with other content it is TASK_EXISTS. */
  readonly id?: string;
  /** W3C trace context to hand to the worker. Not part of the task's identity. */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string };
};

/** The options in force for one call: the call's over the definition's, field by field. Undefined is the same as left out. */
export function mergeOptions(defined: TaskOptions, call: EnqueueOptions | undefined): EnqueueOptions {
  if (call === undefined) return defined;
  const merged: EnqueueOptions = { ...defined, ...said(call) };
  return {
    ...onePlace(
      call.delayMs !== undefined && call.notBefore === undefined ? withoutNotBefore(merged) : merged,
      call,
    ),
    ...(defined.headers && call.headers && { headers: { ...defined.headers, ...call.headers } }),
    ...(defined.requiredLabels &&
      call.requiredLabels && { requiredLabels: { ...defined.requiredLabels, ...call.requiredLabels } }),
    ...(defined.tags && call.tags && { tags: [...new Set([...defined.tags, ...call.tags])] }),
  };
}

// Not every compiler tells `priority: undefined` from nothing, and JavaScript never does.
const said = (options: EnqueueOptions): EnqueueOptions =>
  Object.values(options).some((value) => value === undefined)
    ? Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
    : options;

// Queue and routing key are one choice, too; a call that gives both is for the server to refuse.
function onePlace(merged: EnqueueOptions, { queue, routingKey }: EnqueueOptions): EnqueueOptions {
  if (merged.queue === undefined || merged.routingKey === undefined) return merged;
  if ((queue === undefined) === (routingKey === undefined)) return merged;
  const { queue: _, routingKey: __, ...rest } = merged;
  return queue === undefined ? { ...rest, routingKey: merged.routingKey } : { ...rest, queue };
}

// A call's delay replaces the definition's instant: the two are one choice.
function withoutNotBefore({ notBefore: _, ...rest }: EnqueueOptions): EnqueueOptions {
  return rest;
}
