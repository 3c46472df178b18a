/** map, starmap and chunks: a group of tasks that differ by their last arguments. */

import { clone, create } from "@bufbuild/protobuf";
import {
  type CanvasNode,
  CanvasNodeSchema,
  type Chunks,
  type Gathering,
  type Map as MapNode,
  type Starmap,
} from "@stem/proto/stem/v1/canvas_pb";
import { type Payload, PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { resultText } from "@stem/proto/wire/handed-args";
import { chunksOf } from "../../lib/chunks.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import { jsonOfValue } from "./json-value.ts";

type Spread =
  | { readonly case: "map"; readonly value: MapNode }
  | { readonly case: "starmap"; readonly value: Starmap }
  | { readonly case: "chunks"; readonly value: Chunks };

/** The members that it comes to; paths below `path`. */
export function spreadOf(
  node: Spread,
  path: string,
  limits: Limits,
): { readonly nodes: readonly CanvasNode[]; readonly gathering: Gathering | undefined } {
  const own = `${path}.${node.case}`;
  const { task, items, gathering } = node.value;
  if (task === undefined) throw fieldInvalid(`${own}.task`, "must be set");
  if (task.id !== undefined)
    throw fieldInvalid(`${own}.task.id`, "must be left out: it would be that of many");
  const before = listMembers(task.args, `${own}.task.args`);
  const texts = items.map((item, at) => itemText(item, `${own}.items[${at}]`));
  const lists = listsOf(node, texts, own);
  if (lists.length > limits.canvasTasksMax)
    throw new StemProblem({
      ...{ reason: "BATCH_TOO_LARGE", field: `${own}.items` },
      ...{ items: lists.length, itemsMax: limits.canvasTasksMax },
    });
  const nodes = lists.map((list) => {
    const one = clone(NewTaskSchema, task);
    const value = `[${[before, list].filter((part) => part !== "").join(",")}]`;
    one.args = create(PayloadSchema, {
      ...{ contentType: task.args?.contentType ?? "", encoding: task.args?.encoding ?? {} },
      data: { case: "json", value },
    });
    return create(CanvasNodeSchema, { node: { case: "task", value: one } });
  });
  return { nodes, gathering };
}

/** What each task gets, as members of a list. */
function listsOf(node: Spread, texts: readonly string[], path: string): readonly string[] {
  switch (node.case) {
    case "map":
      return texts;
    case "starmap":
      return texts.map((text, at) => {
        const trimmed = text.trim();
        if (!trimmed.startsWith("[")) throw fieldInvalid(`${path}.items[${at}]`, "must be a JSON array");
        return trimmed.slice(1, -1).trim();
      });
    case "chunks": {
      const { size } = node.value;
      if (size < 1) throw fieldInvalid(`${path}.size`, "must be at least 1");
      return [...chunksOf(texts, size)].map((some) => `[${some.join(",")}]`);
    }
  }
}

/** The members of a list of arguments, as text; of none where there are no arguments. */
function listMembers(args: Payload | undefined, path: string): string {
  if (args === undefined || args.data.case === undefined) return "";
  const text = itemText(args, path).trim();
  if (!text.startsWith("[")) throw fieldInvalid(path, "must be a JSON array: items are put at its end");
  return text.slice(1, -1).trim();
}

function itemText(item: Payload, path: string): string {
  const text = item.data.case === "value" ? jsonOfValue(item.data.value) : resultText(item);
  if (text === undefined) throw fieldInvalid(path, "must be JSON");
  try {
    JSON.parse(text);
  } catch {
    throw fieldInvalid(path, "must be JSON");
  }
  return text;
}
