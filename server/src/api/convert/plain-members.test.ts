import { create, fromBinary, type MessageInitShape, toBinary, toJson } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { CanvasNodeSchema, OnMemberFailure } from "@stem/proto/stem/v1/canvas_pb";
import {
  type AddCanvasMembersRequest,
  AddCanvasMembersRequestSchema,
  type SubmitCanvasRequest,
  SubmitCanvasRequestSchema,
} from "@stem/proto/stem/v1/canvas_service_pb";
import type { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createManualClock } from "../../../../test/support/manual-clock.ts";
import type { CanvasDraft, DraftLeaf } from "../../broker/broker.ts";
import { createSystemRandom } from "../../lib/system-random.ts";
import { allOf } from "../../model/bulk.ts";
import { defaultNamespace, type TaskId, taskIdOf } from "../../model/ids.ts";
import { defaults, limits } from "../../model/limits.ts";
import { CallError } from "../call-error.ts";
import { createRequestReader } from "../grpc/request-reader.ts";
import { createCanvasReader } from "./canvas-submission.ts";
import { addedOf, headerOf, membersOf, PlainMembers } from "./plain-members.ts";

type Node = MessageInitShape<typeof CanvasNodeSchema>;
type Task = MessageInitShape<typeof NewTaskSchema>;
type Request = MessageInitShape<typeof SubmitCanvasRequestSchema>;

const take = createRequestReader(SubmitCanvasRequestSchema, limits);
const read = createCanvasReader({
  ...{ limits, defaults },
  clock: createManualClock(),
  random: { ...createSystemRandom<TaskId>(), taskId: () => taskIdOf("canvas") },
});

const task = (value: Task, more: Node = {}): Node => ({ node: { case: "task", value }, ...more });
const chord = (header: Node[], body: Node = task({ name: "body" })): Node => ({
  node: { case: "chord", value: { header, body } },
});
const group = (members: Node[]): Node => ({ node: { case: "group", value: { members } } });
const bytesOf = (request: Request): Buffer =>
  Buffer.from(toBinary(SubmitCanvasRequestSchema, create(SubmitCanvasRequestSchema, request)));

function taken(bytes: Buffer): SubmitCanvasRequest {
  const request = take(bytes);
  if (request instanceof CallError) throw request;
  return request as SubmitCanvasRequest;
}

/** How many members of a tree did not become messages. */
function plainIn({ root }: SubmitCanvasRequest): number {
  const node = root?.node;
  const members =
    node?.case === "chord" ? headerOf(node.value) : node?.case === "group" ? membersOf(node.value) : [];
  return members instanceof PlainMembers ? members.count : 0;
}

/** What a canvas is to the server, or what is wrong with it. */
function seen(request: SubmitCanvasRequest): unknown {
  try {
    const canvas = read.canvas(request, defaultNamespace);
    // Bytes that were sent may have what nobody knows, which those that are written anew have not.
    const description = fromBinary(CanvasNodeSchema, canvas.description, { readUnknownFields: false });
    const draft = wholeDraft(canvas.draft);
    const said = { ...canvas, draft, description: toJson(CanvasNodeSchema, description) };
    return JSON.parse(JSON.stringify({ ...said, contentHash: canvas.contentHash() }));
  } catch (error) {
    return String(error);
  }
}

/** The same, with members in bulk among the others. */
function wholeDraft(draft: CanvasDraft): CanvasDraft {
  if (draft.kind === "task") return draft;
  if (draft.kind === "chain") return { ...draft, steps: draft.steps.map(wholeDraft) };
  const bulk = allOf(draft.bulk).map(asNode);
  return { ...draft, members: [...draft.members.map(wholeDraft), ...bulk], bulk: undefined };
}

const asNode = ({ submission, hands, path }: DraftLeaf): CanvasDraft => ({
  ...{ kind: "task", submission, hands, path },
});

describe("members that stay as they are", () => {
  test.each<[string, Node]>([
    ["of a chord", chord([task({ name: "a" }), task({ id: "t-1", name: "b", queue: "mail" })])],
    ["of a group", group([task({ name: "a" }), task({ name: "b" })])],
    [
      "that ignore what they are not handed",
      group([task({ name: "a" }, { ignoreInput: true }), task({ name: "b" })]),
    ],
  ])("%s", (_, root) => {
    expect(plainIn(taken(bytesOf({ root, name: "it", tags: ["x"] })))).toBe(2);
  });

  test.each<[string, Node]>([
    ["one is a group", group([task({ name: "a" }), group([])])],
    ["one has options", group([task({ name: "a" }), task({ name: "b", options: { priority: 3 } })])],
    ["one says how it takes its input", group([task({ name: "a" }, { inputAs: "x" })])],
    ["one has links", group([task({ name: "a" }, { link: [{ task: { name: "b" } }] })])],
    ["there are none", group([])],
    ["they are deeper", chord([chord([task({ name: "a" })])])],
    ["they are a chain's", { node: { case: "chain", value: { steps: [task({ name: "a" })] } } }],
    [
      "there are more than may be",
      group(Array.from({ length: limits.canvasTasksMax + 1 }, () => task({ name: "a" }))),
    ],
  ])("but not where %s", (_, root) => {
    expect(plainIn(taken(bytesOf({ root })))).toBe(0);
  });

  test("nor where the tree is said in two pieces, or is two things at once", () => {
    const whole = bytesOf({ root: group([task({ name: "a" })]) });
    expect(plainIn(taken(Buffer.concat([whole, whole])))).toBe(0);
    const both = new BinaryWriter()
      .tag(3, WireType.LengthDelimited)
      .bytes(Buffer.concat([whole.subarray(2), bytesOf({ root: task({ name: "b" }) }).subarray(2)]));
    expect(plainIn(taken(Buffer.from(both.finish())))).toBe(0);
  });
});

const word = fc.constantFrom("a", "mail.send", "t-1", "ä", "");
const text = fc.oneof(fc.json(), fc.string({ unit: "grapheme", maxLength: 9 }));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const member = fc
  .record({
    id: optional(word),
    name: word,
    args: optional(text),
    queue: optional(word),
    ignores: fc.boolean(),
  })
  .map(({ id, name, args, queue, ignores }) =>
    task(
      {
        name,
        ...(id !== undefined && { id }),
        ...(args !== undefined && { args: { data: { case: "json", value: args.toWellFormed() } } }),
        ...(queue !== undefined && { queue }),
      },
      ignores ? { ignoreInput: true } : {},
    ),
  );
const usual = fc
  .nat(999)
  .map((n): Node => task({ id: `m-${n}`, name: "a", args: { data: { case: "json", value: "[1]" } } }));
const members = fc.array(fc.oneof({ weight: 9, arbitrary: usual }, member), { maxLength: 4 });
const gathering = optional(
  fc.record({
    onMemberFailure: fc.constantFrom(OnMemberFailure.UNSPECIFIED, OnMemberFailure.CARRY_ON),
    open: fc.boolean(),
    skew: optional(fc.record({ seconds: fc.constant(1n) })),
  }),
);
const root = fc
  .record({
    members,
    gathering,
    isChord: fc.boolean(),
    priority: optional(fc.nat(9)),
    inputAs: optional(word),
  })
  .map(({ members: all, gathering: how, isChord, priority, inputAs }): Node => {
    const gathered = how && { gathering: { ...how, skew: how.skew } };
    const node: Node["node"] = isChord
      ? { case: "chord", value: { header: all, body: task({ name: "body" }), ...gathered } }
      : { case: "group", value: { members: all, ...gathered } };
    return {
      node,
      ...(priority !== undefined && { defaults: { priority } }),
      ...(inputAs !== undefined && { inputAs }),
    };
  });
const request = fc
  .record({ root, trace: optional(fc.constant("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")) })
  .map(({ root: tree, trace }): Request => ({ root: tree, ...(trace && { trace: { traceparent: trace } }) }));

test("both ways take the same canvases alike", () => {
  const tally = { plain: 0, general: 0 };
  fc.assert(
    fc.property(request, (asked) => {
      const bytes = bytesOf(asked);
      const way = taken(bytes);
      tally[plainIn(way) > 0 ? "plain" : "general"] += 1;
      expect(seen(way)).toEqual(seen(fromBinary(SubmitCanvasRequestSchema, bytes)));
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(tally.plain, tally.general)).toBeGreaterThan(100);
});

test("bytes that were cut or changed are never taken differently", () => {
  const whole = bytesOf({ root: chord([task({ id: "t-1", name: "a" }), task({ name: "b" })]), name: "it" });
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      // A number of fixed width that nobody knows makes it go the general way.
      const general = Buffer.concat([Buffer.from([0x7d, 0, 0, 0, 0]), bytes]);
      expect(outcome(() => seen(taken(bytes)))).toEqual(outcome(() => seen(taken(general))));
    }),
    { numRuns: 2000 },
  );
});

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch {
    return "refused";
  }
}

const addition = fc
  .record({ members, seal: fc.boolean(), groupId: optional(fc.constant("g")) })
  .map((said) => ({ canvasId: "c", requestId: "r", ...said }));

test("both ways take the same further members alike", () => {
  const takeAdded = createRequestReader(AddCanvasMembersRequestSchema, limits);
  const seenOf = (asked: AddCanvasMembersRequest): unknown =>
    outcome(() => {
      const { drafts, bulk, ...said } = read.members(asked, defaultNamespace);
      const leaves = allOf(bulk).map(asNode);
      return JSON.parse(JSON.stringify({ ...said, drafts: [...drafts, ...leaves] }));
    });
  const tally = { plain: 0, general: 0 };
  fc.assert(
    fc.property(addition, (asked) => {
      const bytes = Buffer.from(
        toBinary(AddCanvasMembersRequestSchema, create(AddCanvasMembersRequestSchema, asked)),
      );
      const way = takeAdded(bytes) as AddCanvasMembersRequest;
      tally[addedOf(way) instanceof PlainMembers ? "plain" : "general"] += 1;
      expect(seenOf(way)).toEqual(seenOf(fromBinary(AddCanvasMembersRequestSchema, bytes)));
      // Said in two pieces they are not plain, and the same.
      const [half, rest] = [asked.members.slice(0, 1), asked.members.slice(1)];
      const pieces = [
        { ...asked, members: half },
        { requestId: "r", members: rest },
      ].map((piece) => toBinary(AddCanvasMembersRequestSchema, create(AddCanvasMembersRequestSchema, piece)));
      const inPieces = Buffer.concat(pieces);
      expect(outcome(() => seenOf(takeAdded(inPieces) as AddCanvasMembersRequest))).toEqual(
        seenOf(fromBinary(AddCanvasMembersRequestSchema, inPieces)),
      );
    }),
    { numRuns: 1000 },
  );
  expect(Math.min(tally.plain, tally.general)).toBeGreaterThan(100);
});
