import type { KeptMember, Part, PartTask } from "../../../model/canvas.ts";
import {
  type BarrierRef,
  barrierIdOf,
  canvasIdOf,
  type Instant,
  instantOf,
  namespaceOf,
  partIdOf,
  taskIdOf,
} from "../../../model/ids.ts";
import type { TerminalState } from "../../../model/task.ts";
import type { AddVerdict, Closing, SubmitVerdict } from "../../../ports/canvas-store.ts";
import {
  causeOfText,
  factsOfText,
  partOfText,
  textOfCause,
  textOfFacts,
  textOfPart,
} from "../../sql/barrier-text.ts";
import type { PartText } from "../canvases/parts.ts";
import type { Piece } from "../canvases/pieces.ts";
import type { AdditionToKeep, CanvasToKeep } from "../canvases/to-keep.ts";
import { readInstant } from "./change.ts";
import { packed, plain, readList, readMaybe, writeList, writeMaybe } from "./coder.ts";
import { readLineage, writeLineage } from "./lineage.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";
import { readPartTasks, writePartTasks } from "./part-tasks.ts";

/** How submitCanvas crosses: what starts at once packed, what starts later as the text in which it is kept. */
export const submitCanvasVerb = {
  request: packed<[CanvasToKeep, Instant]>(
    (to, [canvas, now]) => {
      writeCanvas(to, canvas);
      to.number(now);
    },
    (from) => [readCanvas(from), instantOf(from.number())],
  ),
  answer: plain<SubmitVerdict>(),
  items: ([canvas]: readonly [CanvasToKeep, Instant]) => sizeOfCanvas(canvas),
};

/** How much work a canvas is. */
export const sizeOfCanvas = ({ start, parts, ended }: CanvasToKeep): number =>
  start.tasks.length + parts.length + ended.length;

/** How addMembers crosses. */
export const addMembersVerb = {
  request: packed<[AdditionToKeep, Instant]>(
    (to, [{ ref, members, parts, isLast }, now]) => {
      writeRef(to, ref);
      writePart(to, members);
      writeList(to, parts, writePartText);
      to.flag(isLast);
      to.number(now);
    },
    (from) => [
      {
        ref: readRef(from),
        members: readPart(from),
        parts: readList(from, readPartText),
        isLast: from.flag(),
      },
      instantOf(from.number()),
    ],
  ),
  answer: plain<AddVerdict>(),
  items: ([{ members, parts }]: readonly [AdditionToKeep, Instant]) => members.tasks.length + parts.length,
};

/** How closeBarrier crosses. */
export const closeBarrierVerb = {
  request: packed<[Closing]>(
    (to, [{ ref, state, cause, now }]) => {
      writeRef(to, ref);
      to.flag(state === "failed");
      to.optionalText(cause && textOfCause(cause));
      to.number(now);
    },
    (from) => [
      {
        ref: readRef(from),
        state: from.flag() ? "failed" : "cancelled",
        cause: readCause(from),
        now: instantOf(from.number()),
      },
    ],
  ),
  answer: plain<boolean>(),
};

function readCause(from: PacketReader): Closing["cause"] {
  const text = from.optionalText();
  return text === undefined ? undefined : causeOfText(text);
}

/** How takePiece crosses: the tasks in a packet of their own, which is read only when they are wanted. */
export const takePieceVerb = {
  request: {
    encode: ([{ token, first, tasks }]: readonly [Piece]) => {
      const head = pieceHead.encode([token, first]);
      const list = pieceTasks.encode(tasks());
      return { data: [head.data, list.data], transfer: [...head.transfer, ...list.transfer] };
    },
    decode: (data: unknown): [Piece] => {
      const [head, list] = data as readonly [unknown, unknown];
      const [token, first] = pieceHead.decode(head);
      return [{ token, first, tasks: () => pieceTasks.decode(list) }];
    },
  },
  answer: plain<void>(),
  items: () => pieceItems,
};

/** A piece is posted at once: the thread is to begin with it. */
const pieceItems = 1000;

const pieceHead = packed<[number, Piece["first"]]>(
  (to, [token, first]) => {
    to.number(token);
    writeMaybe(to, first, (_, { canvas, now }) => {
      writeCanvas(to, canvas);
      to.number(now);
    });
  },
  (from) => [
    from.number(),
    readMaybe(from, () => ({ canvas: readCanvas(from), now: instantOf(from.number()) })),
  ],
);

const pieceTasks = packed<readonly PartTask[]>(writePartTasks, readPartTasks);

/** How submitPieces crosses. */
export const submitPiecesVerb = {
  request: packed<[number, CanvasToKeep, Instant]>(
    (to, [token, canvas, now]) => {
      to.number(token);
      writeCanvas(to, canvas);
      to.number(now);
    },
    (from) => [from.number(), readCanvas(from), instantOf(from.number())],
  ),
  answer: plain<SubmitVerdict>(),
  items: () => pieceItems,
};

/** Writes a canvas on its way in. */
export function writeCanvas(to: PacketWriter, canvas: CanvasToKeep): void {
  const { namespace, id, facts, lineage, root, start, parts, ended } = canvas;
  to.word(namespace);
  to.text(id);
  to.text(textOfFacts(facts));
  to.optionalNumber(facts.purgeAt);
  to.bytes(facts.description);
  writeLineage(to, lineage);
  writePart(to, { ...start, barriers: [root, ...start.barriers] });
  writeList(to, parts, writePartText);
  writeList(to, ended, writeMember);
}

export function readCanvas(from: PacketReader): CanvasToKeep {
  const said = {
    namespace: namespaceOf(from.word()),
    id: canvasIdOf(from.text()),
    facts: factsOfText(from.text(), { purgeAt: readInstant(from), description: from.bytes() }),
  };
  const lineage = readLineage(from);
  const { barriers, ...start } = readPart(from);
  const [root, ...others] = barriers;
  if (lineage === undefined || root === undefined) throw new RangeError("a canvas came without its barrier");
  const parts = readList(from, readPartText);
  const ended = readList(from, readMember);
  return { ...said, lineage, root, start: { ...start, barriers: others }, parts, ended };
}

function writeMember(to: PacketWriter, { barrier, index, state, source: { kind, id } }: KeptMember): void {
  to.word(barrier);
  to.number(index);
  to.word(state);
  to.flag(kind === "task");
  to.text(id);
}

function readMember(from: PacketReader): KeptMember {
  const barrier = barrierIdOf(from.word());
  const [index, state] = [from.number(), from.word() as TerminalState];
  const source = from.flag()
    ? ({ kind: "task", id: taskIdOf(from.text()) } as const)
    : ({ kind: "barrier", id: barrierIdOf(from.text()) } as const);
  return { barrier, index, state, source };
}

function writePartText(to: PacketWriter, { id, text }: PartText): void {
  to.text(id);
  to.text(text);
}

const readPartText = (from: PacketReader): PartText => ({ id: partIdOf(from.text()), text: from.text() });

/** Barriers are few, and cross as text. */
function writePart(to: PacketWriter, { tasks, ...part }: Part): void {
  to.text(textOfPart({ ...part, tasks: [] }));
  writePartTasks(to, tasks);
}

const readPart = (from: PacketReader): Part => ({
  ...partOfText(from.text()),
  tasks: readPartTasks(from),
});

function writeRef(to: PacketWriter, { namespace, id }: BarrierRef): void {
  to.word(namespace);
  to.text(id);
}

const readRef = (from: PacketReader): BarrierRef => ({
  namespace: namespaceOf(from.word()),
  id: barrierIdOf(from.text()),
});
