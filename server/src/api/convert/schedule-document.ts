/** Many schedules in one text: `schedules:`, and below it each id with its settings, as JSON of protobuf writes them. */

import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  ScheduleSettingsSchema,
  type ScheduleSettings as SettingsMessage,
} from "@stem/proto/stem/v1/schedule_pb";
import { fieldsOf, mapOf, openDocument, placeOf, type Reading, type Value } from "../../lib/document.ts";
import { jsonOf } from "../../lib/document-json.ts";
import type { Limits } from "../../model/limits.ts";
import { type FieldViolation, type Problem, StemProblem } from "../../model/problem.ts";
import { fieldText } from "./field-text.ts";
import { jsonFaults } from "./json-faults.ts";
import { violationsOf } from "./violations.ts";

/** Schedules as they are said, and where. */
export type SaidSchedules = {
  readonly named: readonly { readonly id: string; readonly settings: SettingsMessage | undefined }[];
  /** A problem with the settings of one of them, as a problem of the request. */
  readonly place: (at: number, problem: Problem) => Problem;
};

/** A canvas of 16 levels with arguments of 64 levels has fewer brackets around it. */
const nestingMax = 128;

const idPattern = /^[\x21-\x7e]{1,128}$/;

/** Reads it. Throws all that is wrong with its form, each with its line; PAYLOAD_TOO_LARGE, BATCH_TOO_LARGE. */
export function readScheduleDocument(text: string, limits: Limits): SaidSchedules {
  const bytes = Buffer.byteLength(text);
  const { scheduleDocumentBytesMax: bytesMax, schedulesAppliedMax: itemsMax } = limits;
  if (bytes > bytesMax)
    throw new StemProblem({ reason: "PAYLOAD_TOO_LARGE", field: "document", bytes, bytesMax });
  const reading = openDocument(text, nestingMax);
  const entries = entriesOf(reading);
  if (entries.length > itemsMax)
    throw new StemProblem({ reason: "BATCH_TOO_LARGE", field: "document", items: entries.length, itemsMax });
  const named = entries.map(({ name, at, value }) => {
    if (!idPattern.test(name)) reading.wrong(at, `an id ${fieldText.taskId}`);
    return { id: name, settings: settingsOf(value, reading) };
  });
  refuseMistakes(reading);
  const place = (at: number, problem: Problem): Problem => {
    const value = entries[at]?.value ?? reading.root;
    if ("violations" in problem)
      return { ...problem, violations: problem.violations.map((each) => violationAt(value, each, reading)) };
    return "field" in problem ? { ...problem, field: fieldAt(value, problem.field, reading) } : problem;
  };
  return { named, place };
}

function entriesOf(reading: Reading) {
  if (reading.mistakes.length > 0) return [];
  const { schedules } = fieldsOf(reading.root, ["schedules"], reading);
  if (schedules !== undefined) return mapOf(schedules, reading);
  // `schedules:` with nothing behind it may be a slip, and would prune everything.
  if (reading.mistakes.length === 0)
    reading.wrong(reading.root, "must have schedules: and, below it, ids with settings, or {} for none");
  return [];
}

/** Undefined where it is wrong. */
function settingsOf(value: Value, reading: Reading): SettingsMessage | undefined {
  const before = reading.mistakes.length;
  const json = jsonOf(value, reading, nestingMax) as JsonValue;
  if (reading.mistakes.length > before) return undefined;
  const faults = jsonFaults(ScheduleSettingsSchema, json);
  const settings = faults.length > 0 ? undefined : fromJson(ScheduleSettingsSchema, json);
  const wrong = settings === undefined ? faults : violationsOf(ScheduleSettingsSchema, settings, "");
  for (const { field, description } of wrong)
    reading.wrong({ ...placeOf(value, stepsOf(field)), key: keyOf(value, field) }, description);
  return settings;
}

function refuseMistakes({ mistakes }: Reading): void {
  if (mistakes.length === 0) return;
  mistakes.sort((a, b) => a.line - b.line || a.column - b.column);
  const violations = mistakes.map(({ line, key, text }) => ({
    field: "document",
    description: `line ${line}: ${key === "" ? "" : `${key}: `}${text}`,
  }));
  throw new StemProblem({ reason: "FIELD_INVALID", violations });
}

const violationAt = (
  value: Value,
  { field, description }: FieldViolation,
  reading: Reading,
): FieldViolation => ({ field: "document", description: `${lineAt(value, field, reading)}: ${description}` });

const fieldAt = (value: Value, field: string, reading: Reading): string =>
  `document: ${lineAt(value, field, reading)}`;

/** Such as `line 12: schedules.nightly.spec.cron.expression`. */
const lineAt = (value: Value, field: string, reading: Reading): string =>
  `line ${reading.lineOf(placeOf(value, stepsOf(field)))}: ${keyOf(value, field)}`;

const keyOf = ({ key }: Value, field: string): string => (field === "" ? key : `${key}.${field}`);

/** The steps of a path such as `task.headers["a.b"]` or `spec.calendar.months[3]`. */
const stepsOf = (path: string): readonly string[] =>
  [...path.matchAll(/\[("(?:[^"\\]|\\.)*")\]|[^.[\]]+/g)].map(([step, quoted]) =>
    quoted === undefined ? step : String(JSON.parse(quoted)),
  );
