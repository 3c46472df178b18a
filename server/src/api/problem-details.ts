/** The google.rpc details that errors carry, packed: one small maker for each kind that problem-table.ts uses. */

import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyPack, type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  QuotaFailureSchema,
  RequestInfoSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "@stem/proto/google/rpc/error_details_pb";
import type { FieldViolation, Problem } from "../model/problem.ts";

/** The domain of every ErrorInfo that this server sends. */
export const errorDomain = "stem.v1";

/** More violations than this say nothing new, and error details travel in headers, which peers bound. */
const violationsMax = 10;
/** The longest text in a detail, in UTF-16 units. */
const textCharsMax = 300;

/** A text that may go anywhere: bounded, and whole UTF-16 even when it came from outside. */
export const clip = (text: string, charsMax: number = textCharsMax): string =>
  (text.length > charsMax ? `${text.slice(0, charsMax - 1)}…` : text).toWellFormed();

/** Names the problem for programs: its reason, and its facts as text. */
export const errorInfo = (problem: Problem): Any =>
  pack(ErrorInfoSchema, { reason: problem.reason, domain: errorDomain, metadata: factsOf(problem) });

/** Which fields are wrong, and how. */
export const badRequest = (violations: readonly FieldViolation[]): Any =>
  pack(BadRequestSchema, {
    fieldViolations: violations.slice(0, violationsMax).map(({ field, description }) => ({
      field: clip(field),
      description: clip(description),
    })),
  });

/** Which thing it is about. */
export const resource = (resourceType: string, resourceName: string): Any =>
  pack(ResourceInfoSchema, { resourceType, resourceName: clip(resourceName) });

/** What would have had to hold. */
export const precondition = (type: string, subject: string, description: string): Any =>
  pack(PreconditionFailureSchema, { violations: [{ type, subject: clip(subject), description }] });

/** The same, where there are several. */
export const preconditions = (
  violations: readonly { readonly type: string; readonly subject: string; readonly description: string }[],
): Any =>
  pack(PreconditionFailureSchema, {
    violations: violations.slice(0, violationsMax).map(({ type, subject, description }) => ({
      type,
      subject: clip(subject),
      description: clip(description),
    })),
  });

/** Which bound was reached. */
export const quota = (subject: string, description: string): Any =>
  pack(QuotaFailureSchema, { violations: [{ subject: clip(subject), description }] });

/** When trying again may help. */
export const retryAfter = (ms: number): Any => pack(RetryInfoSchema, { retryDelay: retryDelay(ms) });

/** Names the call, so that an operator can find it in the log. */
export const requestInfo = (requestId: string): Any => pack(RequestInfoSchema, { requestId });

const retryDelay = (ms: number): Duration =>
  create(DurationSchema, { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 });

const pack = <D extends DescMessage>(schema: D, init: MessageInitShape<D>): Any =>
  anyPack(schema, create(schema, init));

/** Every fact of a problem but its reason and its violations; the keys are part of the API. */
function factsOf(problem: Problem): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const [key, value] of Object.entries(problem))
    if (key !== "reason" && typeof value !== "object") facts[key] = clip(String(value));
  return facts;
}
