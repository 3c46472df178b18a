import type { TaskTies } from "../model/gate.ts";
import type { Bytes, Instant, QueueName, TaskId, TaskName } from "../model/ids.ts";
import type { Lineage, Link, TaskPolicy } from "../model/task.ts";
import type { UniqueSubmission } from "./unique.ts";

/** A digest of the arguments in a content; where there are paths, and the arguments are JSON, of these parts of them. */
export type ArgsDigest = (content: Bytes, paths: readonly string[] | undefined) => string;

/** What a producer asks for, checked and converted; options that it left out are undefined. */
export type TaskSubmission = {
  readonly id: TaskId | undefined;
  readonly name: TaskName;
  readonly queue: QueueName | undefined;
  readonly priority: number | undefined;
  readonly policy: Partial<TaskPolicy>;
  readonly start: { readonly delayMs: number } | { readonly notBefore: Instant } | undefined;
  /** When it is too late to start; undefined: never. */
  readonly expiry?: { readonly afterMs: number } | { readonly at: Instant } | undefined;
  readonly tags: readonly string[];
  /** What it shares with other tasks; undefined: nothing. */
  readonly ties: TaskTies | undefined;
  readonly lineage?: Lineage | undefined;
  /** Given in place of a queue: the queues that are bound to it are looked for. */
  readonly routingKey: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The key that it claims, or what makes it; none: nothing, whatever a definition says. */
  readonly unique?: UniqueSubmission | "none" | undefined;
  /** Makes the key of a task that claims one because a definition says so. */
  readonly argsDigest?: ArgsDigest;
  /** What its ends make; its policy says which do. */
  readonly links?: readonly LinkSubmission[] | undefined;
  /** Encoded NewTask, without id and links; handed to the worker as it is. A view of a buffer that others share. */
  readonly content: Bytes;
  /**
   * SHA-256, as text, over what makes two submissions the same: namespace, name, requested queue, payload, options, headers.
   * Undefined when there is nothing else in the content.
   */
  readonly contentHash: string | undefined;
};

/** A task that the end of another one shall make, as its producer asks for it. */
export type LinkSubmission = Pick<Link, "on" | "hands"> & { readonly submission: TaskSubmission };
