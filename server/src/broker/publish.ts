import { type BroadcastTerms, broadcastTask, defaultTerms } from "../model/broadcast.ts";
import type { Namespace, TaskId } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { Clock } from "../ports/clock.ts";
import type { Routing } from "../routing/routing.ts";
import type { Giving } from "./broadcast-giving.ts";
import type { Enqueueing } from "./enqueue.ts";
import type { TaskSubmission } from "./task-submission.ts";

/** What a publisher asks for, besides the task; undefined: what the namespace's routing says of the channel. */
export type PublishWish = { readonly channel: string } & {
  readonly [K in keyof BroadcastTerms]: BroadcastTerms[K] | undefined;
};

/** A broadcast that is stored. */
export type Published = {
  readonly id: TaskId;
  readonly deduplicated: boolean;
  /** How many listen on its channel now. */
  readonly listeners: number;
};

/** Publishes a task on a channel. */
export type Publish = (
  namespace: Namespace,
  submission: TaskSubmission,
  wish: PublishWish,
) => Promise<Published>;

/** What publishing needs. */
export type PublishDeps = {
  readonly clock: Clock;
  readonly routing: Pick<Routing, "channelTerms">;
  readonly enqueueing: Pick<Enqueueing, "complete" | "enqueueMade">;
  readonly giving: Pick<Giving, "fanOut" | "listeners">;
};

/** Makes the part of the broker that publishes. Stored first, then given out: a listener that misses it is caught up with. */
export function createPublish({ clock, routing, enqueueing, giving }: PublishDeps): Publish {
  return async (namespace, submission, { channel, expiresMs, delivery }) => {
    const said = routing.channelTerms(namespace, channel);
    const terms = {
      expiresMs: expiresMs ?? said.expiresMs ?? defaultTerms.expiresMs,
      delivery: delivery ?? said.delivery ?? defaultTerms.delivery,
    };
    const now = clock.now();
    const task = broadcastTask(enqueueing.complete(namespace, submission, now), channel, { ...terms, now });
    const [verdict] = await enqueueing.enqueueMade([task]);
    if (verdict === undefined) throw new Error("the store left a broadcast without a verdict");
    if (verdict.kind === "refused") throw new StemProblem(verdict.problem);
    const deduplicated = verdict.kind === "stored" && verdict.deduplicated;
    // What was stored before was given out then, or is over.
    if (!deduplicated) await giving.fanOut(namespace, [task]);
    return { id: task.id, deduplicated, listeners: giving.listeners(namespace, channel) };
  };
}
