import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  LogLevel as LogLevelMessage,
  type OutputEntry,
  type OutputGap,
  OutputKind as OutputKindMessage,
} from "@stem/proto/stem/v1/task_output_pb";
import type { WatchTaskOutputResponse } from "@stem/proto/stem/v1/task_output_service_pb";
import type { PayloadCodec } from "./codec/codec.ts";
import { jsonCodec } from "./codec/json.ts";
import { payloadFromProto } from "./codec/payload.ts";
import { progressFromProto, type TaskProgress } from "./task-status.ts";

/** The kinds of output. */
export type OutputKind = "progress" | "log" | "chunk";

/** How much a line of a log matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where and when something was put out. */
type Placed = {
  /** Its place among all that the task ever put out, from 0. To go on behind it: `from: offset + 1`. */
  readonly offset: number;
  /** The attempt that put it out, from 1. */
  readonly attempt: number;
  /** The delivery that put it out, from 1: an attempt whose lease was lost begins again under the same number. */
  readonly delivery: number;
  /** When the server took it. */
  readonly time: Date;
};

/**
 * One thing that a task put out; or, in its place, what was dropped before the reader came to it: everything of that kind before
 * `keptFrom`, `dropped` entries of it in all.
 */
export type TaskOutput =
  | (Placed & { readonly kind: "progress"; readonly progress: TaskProgress })
  | (Placed & {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly text: string;
      /** What went with it, as JSON has it; undefined: nothing. */
      readonly facts: unknown;
    })
  /** `data`: as the task's codec reads it. */
  | (Placed & { readonly kind: "chunk"; readonly data: unknown })
  | {
      readonly kind: "dropped";
      readonly of: OutputKind;
      readonly keptFrom: number;
      readonly dropped: number;
    };

/** Which output to follow. */
export type OutputOptions = {
  /** The first place of interest. Default 0: all that is kept. */
  readonly from?: number;
  /** Only these kinds. Default: all. */
  readonly kinds?: readonly OutputKind[];
  /** Stops following when it aborts, with its reason. */
  readonly signal?: AbortSignal;
};

/** Which output of a task to follow, as the protos say it. */
export type OutputWish = {
  readonly from: bigint;
  readonly kinds: readonly OutputKindMessage[];
  readonly signal: AbortSignal | undefined;
};

const kindMessages = {
  progress: OutputKindMessage.PROGRESS,
  log: OutputKindMessage.LOG,
  chunk: OutputKindMessage.CHUNK,
} as const satisfies Record<OutputKind, OutputKindMessage>;

const kindNames = new Map(Object.entries(kindMessages).map(([name, kind]) => [kind, name as OutputKind]));

const levelNames: ReadonlyMap<LogLevelMessage, LogLevel> = new Map([
  [LogLevelMessage.DEBUG, "debug"],
  [LogLevelMessage.INFO, "info"],
  [LogLevelMessage.WARN, "warn"],
  [LogLevelMessage.ERROR, "error"],
]);

/** A wish from its options; throws a RangeError when the place is none. */
export function outputWishOf({ from = 0, kinds = [], signal }: OutputOptions): OutputWish {
  if (!(Number.isSafeInteger(from) && from >= 0))
    throw new RangeError(`from must be a whole number, 0 or more; it is ${from}`);
  return { from: BigInt(from), kinds: kinds.map((kind) => kindMessages[kind]), signal };
}

/** What one answer of the server holds; what was dropped comes first. Kinds that this version does not know are passed over. */
export function outputFromProto(
  { gaps, entries }: WatchTaskOutputResponse,
  codec: PayloadCodec,
): readonly TaskOutput[] {
  return [...gaps.flatMap(gapFromProto), ...entries.flatMap((entry) => entryFromProto(entry, codec) ?? [])];
}

function gapFromProto({ kind, keptFromOffset, droppedCount }: OutputGap): readonly TaskOutput[] {
  const of = kindNames.get(kind as (typeof kindMessages)[OutputKind]);
  if (of === undefined) return [];
  return [{ kind: "dropped", of, keptFrom: Number(keptFromOffset), dropped: Number(droppedCount) }];
}

function entryFromProto(message: OutputEntry, codec: PayloadCodec): TaskOutput | undefined {
  const { offset, attempt, delivery, time, entry } = message;
  const placed = {
    offset: Number(offset),
    attempt,
    delivery,
    time: time ? timestampDate(time) : new Date(0),
  };
  switch (entry.case) {
    case "progress":
      return { ...placed, kind: "progress", progress: progressFromProto(entry.value, codec) };
    case "log": {
      const { level, text, facts } = entry.value;
      const read = jsonCodec.decode(payloadFromProto(facts));
      return { ...placed, kind: "log", level: levelNames.get(level) ?? "info", text, facts: read };
    }
    case "chunk":
      return { ...placed, kind: "chunk", data: codec.decode(payloadFromProto(entry.value)) };
    default:
      return undefined;
  }
}
