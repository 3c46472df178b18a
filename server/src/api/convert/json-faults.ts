/**
 * Why a JSON value is not a message, field by field. Decoders stop at the first fault and tell it in their own words, often without
 * the field; whoever wrote the request by hand needs its path, as every other wrong field gets it.
 */

import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
} from "@bufbuild/protobuf";
import { suggestion } from "../../lib/nearest.ts";
import type { FieldViolation } from "../../model/problem.ts";
import { entryPath } from "./checked.ts";

/** As many as an error tells. */
const faultsMax = 10;
/** Looking for the bad one among more items or entries than this would cost more than it helps. */
const itemsMax = 1000;

/** What JSON writes these types as, because a decoder's words for them are its own. */
const wellKnownTexts: Readonly<Record<string, string>> = {
  "google.protobuf.Duration": 'must be a duration such as "1.5s", of at most 315576000000 seconds',
  "google.protobuf.Timestamp": 'must be a time such as "2027-01-15T08:00:00Z", within the years 1 to 9999',
};

/** What keeps `json` from being a message of `schema`, at most ten; none: nothing does. */
export function jsonFaults(schema: DescMessage, json: JsonValue): readonly FieldViolation[] {
  const found: FieldViolation[] = [];
  lookInto(schema, json, "", found);
  return found;
}

/** Adds the faults of one message, whose fields' paths begin with `prefix`. */
function lookInto(schema: DescMessage, json: JsonValue, prefix: string, found: FieldViolation[]): void {
  const fault = faultOf(schema, json);
  if (fault === undefined) return;
  const before = found.length;
  for (const [key, value] of Object.entries(isObject(json) ? json : {})) {
    if (found.length >= faultsMax) return;
    const field = schema.fields.find(({ jsonName, name }) => jsonName === key || name === key);
    if (field) lookAt(field, value, prefix, found);
    else found.push({ field: prefix + key, description: unknownField(schema, key) });
  }
  // Each field for itself may be right, as two members of one oneof are.
  if (found.length === before) found.push({ field: prefix.replace(/\.$/, ""), description: fault });
}

const unknownField = ({ fields }: DescMessage, key: string): string =>
  `there is no such field${suggestion(key, fields.map(key.includes("_") ? ({ name }) => name : ({ jsonName }) => jsonName))}`;

function lookAt(field: DescField, value: JsonValue, prefix: string, found: FieldViolation[]): void {
  const description = faultOfField(field, value);
  if (description === undefined) return;
  const path = prefix + field.name;
  const before = found.length;
  if (field.fieldKind === "list" && Array.isArray(value)) {
    for (const [index, item] of value.slice(0, itemsMax).entries()) {
      if (found.length >= faultsMax) return;
      lookAtItem(field, item, `${path}[${index}]`, found);
    }
  } else if (field.fieldKind === "map" && isObject(value)) {
    for (const [key, item] of Object.entries(value).slice(0, itemsMax)) {
      if (found.length >= faultsMax) return;
      const fault = faultOfField(field, { [key]: item });
      if (fault !== undefined) found.push({ field: entryPath(path, key), description: fault });
    }
  } else if (field.fieldKind === "message" && isOurs(field.message)) {
    lookInto(field.message, value, `${path}.`, found);
  }
  if (found.length === before) found.push({ field: path, description });
}

function lookAtItem(
  field: DescField & { readonly fieldKind: "list" },
  item: JsonValue,
  path: string,
  found: FieldViolation[],
): void {
  const description = faultOfField(field, [item]);
  if (description === undefined) return;
  if (field.listKind === "message" && isOurs(field.message)) lookInto(field.message, item, `${path}.`, found);
  else found.push({ field: path, description });
}

/** What is wrong with one field, were it the only one. */
function faultOfField(field: DescField, value: JsonValue): string | undefined {
  const fault = faultOf(field.parent, { [field.name]: value });
  return fault === undefined ? undefined : (wellKnownTexts[field.message?.typeName ?? ""] ?? fault);
}

function faultOf(schema: DescMessage, json: JsonValue): string | undefined {
  try {
    fromJson(schema, json, { ignoreUnknownFields: false });
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return `cannot be read: ${said.replace(/^cannot decode .*? from JSON: /, "")}`;
  }
}

/** The well-known types have JSON forms of their own, and no fields in them. */
const isOurs = ({ typeName }: DescMessage): boolean => !typeName.startsWith("google.protobuf.");

const isObject = (json: JsonValue): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);
