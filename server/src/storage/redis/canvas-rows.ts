import type { Barrier, BarrierState, Callback, CanvasFacts, Cause } from "../../model/canvas.ts";
import { barrierIdOf, canvasIdOf, type Namespace, partIdOf, taskIdOf, taskNameOf } from "../../model/ids.ts";
import { type CancelMessage, isTerminal, type TerminalState } from "../../model/task.ts";
import type { MemberOutcome } from "../../ports/canvas-reader.ts";
import { factsOfText } from "../sql/barrier-text.ts";
import { reasonOfCode, states } from "../sql/codes.ts";
import { read, type Written } from "../sql/links-text.ts";
import { type Unpacked, unpack } from "./msgpack.ts";
import { type BarrierField, barrierPlaces } from "./scripts/barrier-fields.ts";
import { placeOf, timeOf } from "./task-rows.ts";
import { bytesOf, listOf, maybe, numberOf, textOf } from "./unpacked.ts";

/** A barrier: its row as it is kept, its callbacks, its cause, and of a canvas what is said of that. */
export function barrierOfRow(namespace: Namespace, value: Unpacked): Barrier {
  const [raw = false, callbacks, cause, facts, description] = listOf(value);
  const columns = listOf(unpack(raw as Buffer));
  const at = (field: BarrierField): Unpacked => columns[barrierPlaces[field]] ?? false;
  const id = (field: BarrierField) => maybe(at(field), (text) => taskIdOf(textOf(text)));
  const rootId = taskIdOf(textOf(at("rootId")));
  return {
    namespace,
    id: barrierIdOf(textOf(at("id"))),
    canvas: canvasIdOf(textOf(at("canvas"))),
    place: maybe(at("place"), placeOf),
    shape: textOf(at("shape")) as Barrier["shape"],
    onMemberFailure: textOf(at("onMemberFailure")) as Barrier["onMemberFailure"],
    size: numberOf(at("size")),
    isSealed: at("isSealed") === true,
    next: maybe(at("next"), (text) => partIdOf(textOf(text))),
    state: barrierStateOf(at("state")),
    ended: numberOf(at("ended")),
    unsuccessful: numberOf(at("unsuccessful")),
    attempted: numberOf(at("attempted")),
    lineage: { parentId: id("parentId"), rootId },
    createdAt: timeOf(at("createdAt")),
    endedAt: maybe(at("endedAt"), timeOf),
    hasRest: at("hasRest") === true,
    cause: maybe(cause, causeOf),
    callbacks: maybe(callbacks, callbacksOf) ?? [],
    canvasFacts: maybe(facts, (text) =>
      factsOf(text, { purgeAt: maybe(at("purgeAt"), timeOf), description: bytesOf(description) }),
    ),
  };
}

/** The number of a barrier's state, as scripts have it. */
export const codeOfBarrierState = (state: BarrierState): number =>
  state === "open" ? openCode : states.code(state);

const openCode = 0;

function barrierStateOf(value: Unpacked): BarrierState {
  const code = numberOf(value);
  return code === openCode ? "open" : (states.word(code) as BarrierState);
}

const callbacksOf = (text: Unpacked): readonly Callback[] =>
  (JSON.parse(textOf(text)) as readonly Written<Callback>[]).map(read<Callback>);

const factsOf = (text: Unpacked, beside: Pick<CanvasFacts, "purgeAt" | "description">): CanvasFacts =>
  factsOfText(textOf(text), { ...beside, description: new Uint8Array(beside.description) });

function causeOf(packed: Unpacked): Cause {
  const [state, reason, task, name, attempt, failure, cancel] = listOf(unpack(packed as Buffer));
  return {
    state: terminalOf(state),
    reason:
      typeof reason === "number" ? reasonOfCode(reason) : (textOf(reason) as NonNullable<Cause["reason"]>),
    task: maybe(task, (id) => taskIdOf(textOf(id))),
    name: maybe(name, (text) => taskNameOf(textOf(text))),
    attempt: numberOf(attempt),
    failure: maybe(failure, bytesOf),
    ...(cancel && { cancel: messageOf(listOf(cancel)) }),
  };
}

const messageOf = ([reason, requester]: readonly Unpacked[]): CancelMessage => ({
  reason: textOf(reason),
  requester: maybe(requester, textOf),
});

function terminalOf(value: Unpacked | undefined): TerminalState {
  const state = states.word(numberOf(value));
  if (!isTerminal(state)) throw new RangeError(`what has ended is not ${state}`);
  return state;
}

/** A member of a barrier that has ended, and what it left. */
export function memberOfRow(value: Unpacked): MemberOutcome {
  const [index, member, result, failure, name, reason, attempt] = listOf(value);
  const [state, isTask, id] = listOf(member);
  return {
    index: numberOf(index),
    state: terminalOf(state),
    source:
      isTask === true
        ? { kind: "task", id: taskIdOf(textOf(id)) }
        : { kind: "barrier", id: barrierIdOf(textOf(id)) },
    result: maybe(result, bytesOf),
    failure: maybe(failure, bytesOf),
    name: maybe(name, (text) => taskNameOf(textOf(text))),
    reason: reasonOfCode(numberOf(reason)),
    attempt: numberOf(attempt),
  };
}
