/** Causes in the words that operators read. */

import type { Cause, LimitCause, ServiceCause } from "./explain.ts";
import type { LimitKind } from "./gate.ts";
import type { Instant } from "./ids.ts";
import type { Pause } from "./pause.ts";
import type { StateReason } from "./task.ts";

/** A cause as a sentence. */
export function causeText(cause: Cause): string {
  switch (cause.kind) {
    case "ended":
      return `It has ended: ${cause.state}${because(cause.why)}${cause.at === undefined ? "" : `, at ${timeText(cause.at)}`}.`;
    case "running":
      return `It runs: ${worker(cause.worker)} has its attempt ${cause.attempt} under a lease ${until(cause.until)}.`;
    case "cancel_requested":
      return `It is being cancelled, at the request of ${cause.cancel.requester ?? "somebody"}${quoted(cause.cancel.reason)}.`;
    case "scheduled":
      return `It waits ${until(cause.until)}${because(cause.why)}.`;
    case "namespace_stopped":
      return cause.stop.state === "disabled"
        ? `Its namespace is disabled${quoted(cause.stop.reason)}, until it is enabled.`
        : "Its namespace is being deleted, and it will be cancelled.";
    case "queue_deleting":
      return "Its queue is being deleted, and it will be cancelled.";
    case "queue_paused":
      return `Its queue ${pauseText(cause.pause)}.`;
    case "order":
      return `Task "${cause.first}" of its ordering key "${cause.orderingKey}" comes first, and is ${cause.firstState}.`;
    case "in_line":
      return lineText(cause);
    case "limit_paused":
    case "limit_stopped":
    case "concurrency_reached":
    case "rate_reached":
    case "others_first":
      return limitText(cause);
    case "draining":
    case "no_worker":
    case "labels_missing":
    case "name_unknown":
    case "workers_busy":
      return serviceText(cause);
  }
}

function limitText(cause: LimitCause): string {
  const { kind, subject, concurrency, rate } = cause.limit;
  const what = `${limitKinds[kind]} "${subject}"`;
  switch (cause.kind) {
    case "limit_paused":
      return `${what} ${pauseText(cause.pause)}.`;
    case "limit_stopped":
      return `${what} is stopped by a limit of 0.`;
    case "concurrency_reached":
      return `${what} may run ${concurrency} at once, and ${cause.leased} run.`;
    case "rate_reached":
      return `${what} may start ${rate?.count} in ${rate?.periodMs} ms, and the next one not ${until(cause.until)}.`;
    case "others_first":
      return `${what} has room for ${cause.room} more, and at least as many tasks come before it.`;
  }
}

const pauseText = ({ by = "somebody", reason, resumeAt }: Pause): string =>
  `is paused by ${by}${quoted(reason)}, ${resumeAt === undefined ? "until it is resumed" : until(resumeAt)}`;

const limitKinds: Readonly<Record<LimitKind, string>> = {
  queue: "Its queue",
  name: "Its name",
  key: "Its limit key",
};

function serviceText(cause: ServiceCause): string {
  switch (cause.kind) {
    case "draining":
      return "This server drains, and hands out nothing more.";
    case "no_worker":
      return "No worker takes tasks of its queue here.";
    case "labels_missing":
      return `None of ${workers(cause.workers)} at its queue has the labels that it requires: ${labelsText(cause.labels)}.`;
    case "name_unknown":
      return `None of ${workers(cause.workers)} that could take it knows its name.`;
    case "workers_busy":
      return `None of ${workers(cause.workers)} that could run it takes more now.`;
  }
}

function lineText({ ahead, isMore, fairnessKey }: Extract<Cause, { readonly kind: "in_line" }>): string {
  const turns = fairnessKey === undefined ? "" : `, as the turn of its fairness key "${fairnessKey}" has it`;
  if (ahead === 0) return `No other of its queue comes before it${turns}.`;
  return `${isMore ? "More than " : ""}${ahead} of its queue ${ahead === 1 ? "comes" : "come"} before it${turns}.`;
}

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");

const workers = (count: number): string => (count === 1 ? "1 worker" : `${count} workers`);
const worker = (name: string): string => (name === "" ? "a worker" : `worker "${name}"`);
const quoted = (text: string): string => (text === "" ? "" : ` (${text})`);
const because = (why: StateReason | undefined): string => (why === undefined ? "" : ` (${why})`);
const until = (at: Instant | undefined): string =>
  at === undefined ? "for a while" : `until ${timeText(at)}`;
const timeText = (at: Instant): string => new Date(at).toISOString();
