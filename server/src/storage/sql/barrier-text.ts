import type {
  Barrier,
  Callback,
  CanvasFacts,
  Cause,
  NewBarrier,
  Part,
  PartTask,
} from "../../model/canvas.ts";
import type { Bytes } from "../../model/ids.ts";
import { read, type Written, written } from "./links-text.ts";

type WrittenBarrier = Omit<NewBarrier, "callbacks"> & { readonly callbacks: readonly Written<Callback>[] };
type WrittenPart = Omit<Part, "barriers" | "tasks"> & {
  readonly barriers: readonly WrittenBarrier[];
  readonly tasks: readonly Written<PartTask>[];
};

/** A part as the text in which it is kept: JSON, contents in base64. */
export const textOfPart = ({ barriers, tasks, ...part }: Part): string =>
  JSON.stringify({
    ...part,
    barriers: barriers.map((barrier) => ({ ...barrier, callbacks: barrier.callbacks.map(written) })),
    tasks: tasks.map(written),
  });

/** The part of a text. */
export function partOfText(text: string): Part {
  const { barriers, tasks, ...part } = JSON.parse(text) as WrittenPart;
  return {
    ...part,
    barriers: barriers.map((barrier) => ({
      ...barrier,
      place: barrier.place,
      next: barrier.next,
      callbacks: barrier.callbacks.map(read<Callback>),
    })),
    tasks: tasks.map(read<PartTask>),
  };
}

/** What never changes about a barrier, but for its names. */
type Fixed = Pick<Barrier, "place" | "shape" | "onMemberFailure" | "next" | "lineage" | "callbacks">;

/** What never changes about a barrier, as text: JSON. */
export const textOfFixed = ({ place, shape, onMemberFailure, next, lineage, callbacks }: Fixed): string =>
  JSON.stringify({ place, shape, onMemberFailure, next, lineage, callbacks: callbacks.map(written) });

/** What was written so. */
export function fixedOfText(text: string): Fixed {
  const fixed = JSON.parse(text) as Omit<Fixed, "callbacks"> & {
    readonly callbacks: readonly Written<Callback>[];
  };
  const { lineage, callbacks } = fixed;
  return {
    ...fixed,
    place: fixed.place,
    next: fixed.next,
    lineage: { ...lineage, parentId: lineage.parentId },
    callbacks: callbacks.map(read<Callback>),
  };
}

/** What is said of a canvas, as text: JSON, but for when it is removed and for its description. */
export const textOfFacts = ({ purgeAt: _, description: __, ...facts }: CanvasFacts): string =>
  JSON.stringify(facts);

/** What was written so, and what was kept beside it. */
export function factsOfText(
  text: string,
  { purgeAt, description }: Pick<CanvasFacts, "purgeAt" | "description">,
): CanvasFacts {
  const facts = JSON.parse(text) as Omit<CanvasFacts, "purgeAt" | "description">;
  return { ...facts, deadline: facts.deadline, retryOf: facts.retryOf, purgeAt, description };
}

/** Why a barrier failed, as text: JSON, the failure in base64. */
export const textOfCause = ({ failure, ...cause }: Cause): string =>
  JSON.stringify({ ...cause, failure: failure && Buffer.from(failure).toString("base64") });

/** What was written so. */
export function causeOfText(text: string): Cause {
  const cause = JSON.parse(text) as Omit<Cause, "failure"> & { readonly failure?: string };
  return {
    ...cause,
    ...{ reason: cause.reason, task: cause.task, name: cause.name },
    failure: cause.failure === undefined ? undefined : bytesOf(cause.failure),
    ...(cause.cancel && { cancel: { ...cause.cancel, requester: cause.cancel.requester } }),
  };
}

const bytesOf = (text: string): Bytes => new Uint8Array(Buffer.from(text, "base64"));
