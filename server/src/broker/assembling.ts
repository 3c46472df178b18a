import type { HandedValue, ResultsReference } from "../model/canvas-value.ts";
import { type BarrierRef, type Bytes, barrierIdOf, type Namespace } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { TaskInput } from "../model/task.ts";
import type { Claimed } from "../ports/task-store.ts";

/**
 * Puts what a task was handed into its arguments: its content as its worker gets it. Or the failure of a task that cannot have both, such
 * as one whose arguments were edited meanwhile.
 */
export type Assemble = (
  content: Bytes,
  input: TaskInput,
  /** What a barrier left, where the task follows one and is handed that. */
  value: HandedValue | undefined,
) =>
  | { readonly content: Bytes; readonly results?: ResultsReference | undefined }
  | { readonly failure: Bytes };

/** A task that was claimed and cannot be handed out. */
export type Unusable = { readonly lease: Claimed; readonly failure: Bytes };

/** Readies claimed tasks for their workers. What cannot be readied has failed, and is left out. */
export type Ready = (namespace: Namespace, claimed: readonly Claimed[]) => Promise<readonly Claimed[]>;

/** What that needs. */
export type AssemblingDeps = {
  readonly assemble: Assemble;
  /** Reads what a barrier left that a task follows; undefined: the barrier is gone. */
  readonly readHanded: (ref: BarrierRef) => Promise<HandedValue | undefined>;
  /** Fails tasks for good in their workers' place. */
  readonly reject: (namespace: Namespace, unusable: readonly Unusable[]) => Promise<void>;
  readonly limits: Pick<Limits, "canvasInputBytesMax">;
};

/** Makes it. Batches in which no task was handed anything, as nearly all, stay as they are. */
export function createAssembling({ assemble, readHanded, reject, limits }: AssemblingDeps): Ready {
  /** Reads each barrier once, however many tasks follow it. */
  function valuesIn(namespace: Namespace): (input: TaskInput) => Promise<HandedValue | undefined> {
    const values = new Map<TaskInput["from"], Promise<HandedValue | undefined>>();
    return async ({ from, isBarrier, isHanded }) => {
      if (!isBarrier || !isHanded) return undefined;
      const value = values.get(from) ?? readHanded({ namespace, id: barrierIdOf(from) });
      values.set(from, value);
      return value;
    };
  }

  return async (namespace, claimed) => {
    if (!claimed.some(({ input }) => input !== undefined)) return claimed;
    const valueFor = valuesIn(namespace);
    const ready: Claimed[] = [];
    const unusable: Unusable[] = [];
    let left = limits.canvasInputBytesMax;
    for (const task of claimed) {
      const { content, input } = task;
      const value = input && (await valueFor(input));
      const given = left > 0 ? value : value && byReference(value);
      const assembled = input === undefined ? task : assemble(content, input, given);
      if ("failure" in assembled) unusable.push({ lease: task, failure: assembled.failure });
      else ready.push({ ...task, content: assembled.content, results: assembled.results });
      if (given !== undefined && "content" in assembled) left -= assembled.content.length - content.length;
    }
    if (unusable.length > 0) await reject(namespace, unusable);
    return ready;
  };
}

/** Tasks of one claim that follow a large group would each be given the whole of it: beyond what one may be, they are told where it is. */
const byReference = (value: HandedValue): HandedValue => ({ ...value, value: undefined });
