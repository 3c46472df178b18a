import { fromJsonString } from "@bufbuild/protobuf";
import { type NewTask, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { EnqueueVerdict } from "../broker/broker.ts";
import { createLoop, type Loop } from "../lib/loop.ts";
import type { Namespace } from "../model/ids.ts";
import { type Problem, StemProblem } from "../model/problem.ts";
import type { Inbox, InboxOutcome, InboxTask } from "../ports/inbox.ts";
import type { NamespaceView } from "../ports/namespace-view.ts";
import { createNamespaces, type NamespaceOf } from "./convert/namespace.ts";
import type { ServiceDeps } from "./service-deps.ts";
import { createEnqueuing, type Enqueuing } from "./services/enqueuing.ts";

/** What taking in tasks of an inbox needs. */
export type InboxDeps = Pick<ServiceDeps, "broker" | "clock" | "log" | "limits" | "defaults"> & {
  readonly inbox: Inbox;
  /** Which namespaces there are. */
  readonly tenants: Pick<NamespaceView, "stateOf">;
};

/** How often an inbox is looked into without a hint. */
const lookMs = 1000;

/** Makes the loop that takes in what users enqueued in their own transactions: each as if it had come by the API. */
export function createInboxLoop(deps: InboxDeps): Loop {
  const { inbox, limits } = deps;
  const taking = { enqueuing: createEnqueuing(deps), namespaces: createNamespaces(deps.tenants) };
  const loop = createLoop(deps, {
    name: "inbox",
    async runOnce() {
      const taken = await inbox.takeInbox(limits.batchTasksMax);
      if (taken.length === 0) return lookMs;
      const outcomes: InboxOutcome[] = [];
      for (const [namespace, own] of Map.groupBy(taken, (each) => each.namespace))
        outcomes.push(...(await takeIn(taking, namespace, own)));
      await inbox.settleInbox(outcomes);
      return taken.length < limits.batchTasksMax ? lookMs : 0;
    },
  });
  inbox.onInbox(() => loop.hurry(0));
  return loop;
}

type Taking = { readonly enqueuing: Enqueuing; readonly namespaces: NamespaceOf };

async function takeIn(
  { namespaces, enqueuing }: Taking,
  name: string,
  taken: readonly InboxTask[],
): Promise<readonly InboxOutcome[]> {
  const outcomes: InboxOutcome[] = [];
  const good: { readonly place: number; readonly task: NewTask }[] = [];
  let namespace: Namespace;
  try {
    namespace = namespaces(name);
  } catch (error) {
    if (!(error instanceof StemProblem)) throw error;
    return taken.map(({ place }) => refusedFor(place, error.problem));
  }
  for (const { place, text } of taken) {
    try {
      good.push({ place, task: fromJsonString(NewTaskSchema, text) });
    } catch (error) {
      outcomes.push({ place, kind: "never", why: error instanceof Error ? error.message : String(error) });
    }
  }
  if (good.length === 0) return outcomes;
  const verdicts = await enqueuing.many(
    good.map(({ task }) => task),
    namespace,
    false,
  );
  return [...outcomes, ...good.map(({ place }, at) => outcomeOf(place, verdicts[at]))];
}

function outcomeOf(place: number, verdict: EnqueueVerdict | undefined): InboxOutcome {
  if (verdict?.kind === "refused") return refusedFor(place, verdict.problem);
  return { place, kind: "came", why: "" };
}

/** What an operator can mend, or time can, is tried again. */
const mendable: ReadonlySet<Problem["reason"]> = new Set<Problem["reason"]>([
  "NAMESPACE_UNKNOWN",
  "NAMESPACE_DISABLED",
  "QUEUE_UNKNOWN",
  "QUEUE_CLOSED",
  "QUEUE_FULL",
  "QUEUE_LIMIT_REACHED",
  "QUOTA_EXCEEDED",
  "STORE_FULL",
  "STORE_UNAVAILABLE",
  "DRAINING",
]);

const refusedFor = (place: number, problem: Problem): InboxOutcome => ({
  place,
  kind: mendable.has(problem.reason) ? "refused" : "never",
  why: new StemProblem(problem).message,
});
