/** Definitions as they are kept: JSON, with what the edge had encoded as base64. */

import type { Bytes, Instant } from "../model/ids.ts";
import type { Announcement, KnownDefinition, TaskDefinition } from "../model/task-definition.ts";

type Written = Omit<TaskDefinition, "content"> & {
  readonly content: string;
  readonly worker: string;
  readonly at: Instant;
};

/** What is known under a name, for the store. */
export const recordOf = ({ current, rival }: KnownDefinition): Bytes =>
  new TextEncoder().encode(JSON.stringify({ current: written(current), rival: rival && written(rival) }));

/** What the store has kept. */
export function knownOf(record: Bytes): KnownDefinition {
  const { current, rival } = JSON.parse(new TextDecoder().decode(record)) as {
    current: Written;
    rival?: Written;
  };
  return { current: announcementOf(current), rival: rival && announcementOf(rival) };
}

const written = ({ definition, worker, at }: Announcement): Written => ({
  ...definition,
  content: Buffer.from(definition.content).toString("base64"),
  worker,
  at,
});

function announcementOf({ worker, at, content, name, version, defaults }: Written): Announcement {
  const bytes = new Uint8Array(Buffer.from(content, "base64"));
  return {
    definition: { name, version, defaults: defaults && complete(defaults), content: bytes },
    worker,
    at,
  };
}

/** JSON leaves out what is undefined. */
const complete = (defaults: NonNullable<TaskDefinition["defaults"]>) => {
  const { queue, priority, policy, delayMs, ties, unique } = defaults;
  return {
    ...{ queue, priority, policy, delayMs },
    ties: ties && { ...noTies, ...ties },
    unique: unique && { ...noUnique, ...unique },
  };
};

const noTies = { limitKey: undefined, orderingKey: undefined, fairnessKey: undefined, labels: undefined };
const noUnique = {
  ...{ key: undefined, argPaths: undefined },
  ...{ windowMs: undefined, delayMs: undefined, maxWaitMs: undefined },
};
