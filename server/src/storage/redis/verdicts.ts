import type { Refusal, RefusalReason } from "../../model/admission.ts";
import { taskIdOf } from "../../model/ids.ts";
import type { AcceptVerdict, LeaseLostReason, UniqueVerdict } from "../../ports/task-store.ts";
import { states } from "../sql/codes.ts";
import type { Unpacked } from "./msgpack.ts";
import { listOf, maybe, numberOf, textOf } from "./unpacked.ts";

/** How lists in answers begin that are a refusal; one about a unique key begins otherwise. */
const refusalSign = 1;

/** A word that a verb answers, or a refusal. */
export const wordOrRefusal = <T extends string>(value: Unpacked): T | Refusal =>
  Array.isArray(value) ? refusalOf(value) : (textOf(value) as T);

/** A refusal, if a list is one. */
export const refusalIn = (value: Unpacked): Refusal | undefined =>
  Array.isArray(value) && value[0] === refusalSign ? refusalOf(value) : undefined;

function refusalOf([, reason, max]: readonly Unpacked[]): Refusal {
  return { refused: textOf(reason) as RefusalReason, max: maybe(max, numberOf) };
}

/** What became of a new task. */
export function acceptVerdictOf(value: Unpacked): AcceptVerdict {
  if (!Array.isArray(value)) return textOf(value) as Extract<AcceptVerdict, string>;
  const [sign, unique, holder] = value;
  if (sign === refusalSign) return refusalOf(value);
  return { unique: textOf(unique) as UniqueVerdict["unique"], holder: taskIdOf(textOf(holder)) };
}

/** Why a lease is over, and the state of its task. */
export function lostOf([state, why]: readonly Unpacked[]) {
  return {
    state: maybe(state, (code) => states.word(numberOf(code))),
    why: textOf(why) as LeaseLostReason,
  };
}

/** A list of an answer's items. */
export const itemsOf = <T>(value: Unpacked, read: (value: Unpacked) => T): readonly T[] =>
  listOf(value).map(read);
