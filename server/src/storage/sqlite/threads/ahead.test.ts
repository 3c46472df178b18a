import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { group, leaf, newCanvas } from "../../../../../test/support/new-canvas.ts";
import { newTask } from "../../../../../test/support/new-task.ts";
import { writerLease } from "../../../../../test/support/sqlite-writer.ts";
import type { PartTask } from "../../../model/canvas.ts";
import { instantOf, taskIdOf } from "../../../model/ids.ts";
import { limits } from "../../../model/limits.ts";
import type { CanvasToKeep } from "../canvases/to-keep.ts";
import { openConnection, query } from "../files/connection.ts";
import type { Request } from "./messages.ts";
import type { Verb } from "./verb.ts";
import { openWriterService } from "./writer-service.ts";
import { writerVerbs } from "./writer-verbs.ts";

const now = instantOf(1_800_000_000_000);

/** The writing thread's service on a file of its own, and what others see in that. */
function aService() {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-ahead-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "stem.db");
  const service = openWriterService({
    ...{ path: file, limits, durability: "relaxed", now, lease: writerLease, pagesMax: undefined },
  });
  const db = openConnection(file, { sync: "normal", cacheBytes: 1_000_000 });
  onTestFinished(() => {
    db.close();
    service.run([asked("close")]);
  });
  const select = query<[number, number]>(
    db,
    "SELECT (SELECT count(*) FROM tasks), (SELECT count(*) FROM canvases)",
  );
  return {
    service,
    /** Runs requests as one group; answers what each came to. */
    run: (...requests: readonly Request[]) =>
      service.run(requests).map(({ reply }) => {
        if ("fault" in reply) return reply.fault;
        const verb = requests.find(({ id }) => id === reply.id)?.verb ?? "";
        return (writerVerbs as unknown as Record<string, Verb<unknown, unknown>>)[verb]?.answer.decode(
          reply.data,
        );
      }),
    /** How many tasks and canvases there are to everybody. */
    seen: () => select.get(),
  };
}

let lastId = 0;
function asked(verb: keyof typeof writerVerbs, ...request: readonly unknown[]): Request {
  const how = writerVerbs[verb] as unknown as Verb<unknown, unknown>;
  lastId += 1;
  return { id: lastId, verb, data: how.request.encode(request).data, items: 1 };
}

const accept = (id: string): Request => asked("accept", { tasks: [newTask(id)], now, atomic: false });

/** A group in two pieces, and what ends them. */
function aGroup(token: number, ...ids: readonly string[]) {
  const members = ids.map((id) => leaf(id, {}, { ownId: taskIdOf(id) }));
  const { bulk: _, ...whole } = newCanvas(`c${token}`, group("wait", ...members));
  const canvas: CanvasToKeep = { ...whole, start: { ...whole.start, tasks: [] }, parts: [] };
  const piece = (first: unknown, some: readonly PartTask[]) =>
    asked("takePiece", { token, first, tasks: () => some });
  const { tasks } = whole.start;
  return {
    first: piece({ canvas, now }, tasks.slice(0, 2)),
    second: piece(undefined, tasks.slice(2)),
    end: asked("submitPieces", token, canvas, now),
    drop: asked("dropPieces", token),
  };
}

test("pieces are stored while others are made, and are there for everybody with the canvas", () => {
  const { service, run, seen } = aService();
  const { first, second, end, drop } = aGroup(1, "a", "b", "c");
  expect(run(first)).toEqual([]);
  expect(service.walPages()).toBeUndefined();
  expect(run(second)).toEqual([]);
  expect(seen()).toEqual([0, 0]);
  expect(run(end, accept("x"))).toEqual(["accepted", ["accepted"]]);
  expect(run(drop)).toEqual([]);
  expect(seen()).toEqual([4, 1]);
  expect(service.walPages()).toBeGreaterThan(0);
});

test("who comes before the last piece is answered at once, and the canvas comes in all the same", () => {
  const { run, seen } = aService();
  const { first, second, end } = aGroup(1, "a", "b", "c");
  run(first);
  expect(run(accept("x"))).toEqual([["accepted"]]);
  expect(seen()).toEqual([1, 0]);
  run(second);
  expect(run(end)).toEqual(["accepted"]);
  expect(seen()).toEqual([4, 1]);
});

test("of a canvas that does not come after all nothing is left, nor of one a piece of which may not come in", () => {
  const { run, seen } = aService();
  const given = aGroup(1, "a", "b", "c");
  run(given.first);
  run(given.second);
  run(given.drop);
  expect(seen()).toEqual([0, 0]);
  expect(run(given.end)).toEqual(["bug"]);
  expect(run(accept("taken"))).toEqual([["accepted"]]);
  const refused = aGroup(2, "d", "e", "taken");
  run(refused.first);
  run(refused.second);
  expect(run(refused.end, accept("x"))).toEqual([{ task: "taken", why: "exists" }, ["accepted"]]);
  expect(seen()).toEqual([2, 0]);
});

test("a fault of another request in its group undoes all of it, and then it comes in alone", () => {
  const { run, seen } = aService();
  const { first, second, end } = aGroup(1, "a", "b", "c");
  run(first);
  run(second);
  const broken = { ...accept("x"), data: asked("close").data };
  expect(run(end, broken)).toEqual(["accepted", "bug"]);
  expect(seen()).toEqual([3, 1]);
});
