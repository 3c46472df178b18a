/** What tasks put out: on its way in, checked and encoded as it is kept; and on its way to a reader. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type AttemptOutput,
  LogLevel,
  type NewOutputEntry,
  NewOutputEntrySchema,
  type OutputEntry as OutputEntryMessage,
  OutputEntrySchema,
  OutputGapSchema,
  OutputKind as OutputKindMessage,
} from "@stem/proto/stem/v1/task_output_pb";
import {
  type WatchTaskOutputResponse,
  WatchTaskOutputResponseSchema,
} from "@stem/proto/stem/v1/task_output_service_pb";
import type { Progress, TokenOutput } from "../../broker/broker.ts";
import type { Limits } from "../../model/limits.ts";
import type { Problem } from "../../model/problem.ts";
import { type NewOutput, type OutputEntry, type OutputKind, outputKinds } from "../../model/task-output.ts";
import type { OutputPage } from "../../ports/output-store.ts";
import { invalid, isProblem, under } from "./checked.ts";
import { readOptionalPayload, readPayload } from "./payload.ts";
import { readProgress } from "./progress.ts";
import { timestampFromInstant } from "./time.ts";

type Said = NewOutputEntry["entry"];
type ReadEntry = { readonly said: Said; readonly kind: OutputKind; readonly progress?: Progress };

/** What the holder of one lease puts out, or what is wrong with it, paths beginning there. */
export function readAttemptOutput(
  { leaseToken, entries: messages }: AttemptOutput,
  limits: Limits,
): TokenOutput | Problem {
  const entries: NewOutput[] = [];
  let progress: Progress | undefined;
  for (const [index, message] of messages.entries()) {
    const seq = Number(message.seq);
    const entry =
      message.seq < 0n || !Number.isSafeInteger(seq)
        ? invalid("seq", `must be 0 to ${Number.MAX_SAFE_INTEGER}`)
        : readEntry(message, limits);
    if (isProblem(entry)) return under(entry, `entries[${index}].`);
    entries.push({ seq, kind: entry.kind, body: bodyOf(entry.said) });
    progress = entry.progress ?? progress;
  }
  return { token: leaseToken, entries, progress };
}

function readEntry({ entry }: NewOutputEntry, limits: Limits): ReadEntry | Problem {
  switch (entry.case) {
    case undefined:
      return invalid("entry", "must be progress, log or chunk");
    case "progress": {
      const progress = readProgress({ progress: entry.value }, limits);
      return isProblem(progress) ? progress : { said: entry, kind: "progress", progress };
    }
    case "chunk": {
      const chunk = readPayload(entry.value, placeOf("chunk", limits), limits);
      return isProblem(chunk) ? chunk : { said: { case: "chunk", value: chunk }, kind: "chunk" };
    }
    case "log": {
      const line = entry.value;
      if (!logLevels.has(line.level)) return invalid("log.level", "must be a level that there is");
      if (Buffer.byteLength(line.text) > limits.logTextBytesMax)
        return invalid("log.text", `must have at most ${limits.logTextBytesMax} bytes`);
      const facts = readOptionalPayload(line.facts, placeOf("log.facts", limits), limits);
      if (facts && isProblem(facts)) return facts;
      const value = { ...line, ...(facts && { facts }) };
      return { said: { case: "log", value }, kind: "log" };
    }
  }
}

const logLevels: ReadonlySet<LogLevel> = new Set(Object.values(LogLevel));

const placeOf = (field: string, { outputEntryBytesMax }: Limits) =>
  ({ field, bytesMax: outputEntryBytesMax, tooLarge: "PAYLOAD_TOO_LARGE" }) as const;

/** An entry as it is kept: its fields are numbered as those of the reader's message, so that it is one already. */
const bodyOf = (entry: Said): Uint8Array =>
  toBinary(NewOutputEntrySchema, create(NewOutputEntrySchema, { entry }), { writeUnknownFields: false });

const kinds = {
  progress: OutputKindMessage.PROGRESS,
  log: OutputKindMessage.LOG,
  chunk: OutputKindMessage.CHUNK,
} as const satisfies Record<OutputKind, OutputKindMessage>;

/** Kinds from their messages; one that this server does not know was refused before. */
export const outputKindsOf = (messages: readonly OutputKindMessage[]): readonly OutputKind[] =>
  outputKinds.filter((kind) => messages.includes(kinds[kind]));

/** More than an entry's numbers and times take when encoded. */
const entryOverheadBytes = 64;

/** A page as messages, each within a frame's bound. */
export function* outputResponses(page: OutputPage, frameBytesMax: number): Iterable<WatchTaskOutputResponse> {
  let entries: OutputEntryMessage[] = [];
  let bytes = 0;
  let gaps = page.gaps.map(({ kind, keptFrom, dropped }) =>
    create(OutputGapSchema, {
      ...{ kind: kinds[kind], keptFromOffset: BigInt(keptFrom), droppedCount: BigInt(dropped) },
    }),
  );
  for (const entry of page.entries) {
    const entryBytes = entry.body.length + entryOverheadBytes;
    if (entries.length > 0 && bytes + entryBytes > frameBytesMax) {
      yield create(WatchTaskOutputResponseSchema, { entries, gaps, nextOffset: BigInt(entry.offset) });
      [entries, gaps, bytes] = [[], [], 0];
    }
    entries.push(entryToProto(entry));
    bytes += entryBytes;
  }
  const ended = page.isEnded && !page.hasMore;
  yield create(WatchTaskOutputResponseSchema, { entries, gaps, nextOffset: BigInt(page.next), ended });
}

function entryToProto({ offset, attempt, delivery, at, body }: OutputEntry): OutputEntryMessage {
  const message = fromBinary(OutputEntrySchema, body);
  return Object.assign(message, {
    ...{ offset: BigInt(offset), attempt, delivery },
    time: timestampFromInstant(at),
  });
}
