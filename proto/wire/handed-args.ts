/**
 * The arguments of a task together with what the end of another one hands it, as the server puts them together and as a client for
 * tests does.
 */

import { create, toJsonString } from "@bufbuild/protobuf";
import { type ParentFailure, ParentFailureSchema } from "../gen/stem/v1/link_pb.ts";
import { type Payload, PayloadSchema } from "../gen/stem/v1/payload_pb.ts";

/** The ends of a task that hand something on. */
export type LinkedEnd = "succeeded" | "failed";

/** Where it goes: as this member; undefined: as the last of a list, or as a member of the usual name. */
export type HandedAs = { readonly on: LinkedEnd; readonly member: string | undefined };

/** Why both cannot be one. not_json: no JSON array or object. positional: a list has no members. taken: there is such a member. */
export type Misfit = { readonly misfit: "not_json" | "positional" | "taken" };

/** Why both cannot be one, in words that go on from "the arguments of this task take no more". */
export const misfitText: { readonly [M in Misfit["misfit"]]: string } = {
  not_json: "they are no plain JSON array or object",
  positional: "they are a list, and a member was asked for",
  taken: "they have a member of that name",
};

/** JSON for a result that is handed on; undefined where it is none. Nothing is null. */
export function resultText(result: Payload | undefined): string | undefined {
  if (result === undefined) return "null";
  if (Object.keys(result.encoding).length > 0) return undefined;
  if (result.data.case === undefined) return "null";
  return result.data.case === "json" ? result.data.value : undefined;
}

/** JSON for a failure that is handed on. */
export const failureText = (failure: ParentFailure): string =>
  toJsonString(ParentFailureSchema, failure, { alwaysEmitImplicit: true });

const usualMembers: { readonly [E in LinkedEnd]: string } = { succeeded: "result", failed: "error" };

/** The mark of payloads that says nothing of how the text is to be read. */
const versionMark = "version";

/**
 * Puts a JSON text into arguments: behind a list, as a member of an object, as either where there are none. The text of the
 * arguments stays as it is, so that it can be told from what was added.
 */
export function withHanded(args: Payload | undefined, text: string, as: HandedAs): Payload | Misfit {
  if (args === undefined || args.data.case === undefined) return withoutArgs(args, text, as.member);
  if (args.data.case !== "json" || !isPlain(args)) return { misfit: "not_json" };
  const own = args.data.value.trim();
  const inner = own.slice(1, -1);
  const before = inner.trim() === "" ? "" : `${inner},`;
  if (own.startsWith("["))
    return as.member === undefined ? jsonPayload(args, `[${before}${text}]`) : { misfit: "positional" };
  if (!own.startsWith("{")) return { misfit: "not_json" };
  const member = as.member ?? usualMembers[as.on];
  if (Object.hasOwn(JSON.parse(own) as object, member)) return { misfit: "taken" };
  return jsonPayload(args, `{${before}${JSON.stringify(member)}:${text}}`);
}

/** As which member of the arguments that withHanded answered; undefined: as the last one of their list. */
export const memberOfHanded = ({ data }: Payload, { on, member }: HandedAs): string | undefined =>
  data.case === "json" && data.value.startsWith("{") ? (member ?? usualMembers[on]) : undefined;

function withoutArgs(args: Payload | undefined, text: string, member: string | undefined): Payload | Misfit {
  if (args !== undefined && !isPlain(args)) return { misfit: "not_json" };
  return jsonPayload(args, member === undefined ? `[${text}]` : `{${JSON.stringify(member)}:${text}}`);
}

/** Whether a payload that is JSON text means what that says: no codec, no compression. */
const isPlain = ({ encoding }: Payload): boolean =>
  Object.keys(encoding).every((mark) => mark === versionMark);

const jsonPayload = (like: Payload | undefined, value: string): Payload =>
  create(PayloadSchema, {
    ...{ contentType: like?.contentType ?? "", encoding: like?.encoding ?? {} },
    data: { case: "json", value },
  });
