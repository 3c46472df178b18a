import { type AnyNode, type GroupContent, Signature } from "./node.ts";

type OfItems = Extract<GroupContent, { readonly items: unknown }>;

/** The members of a group, one after the other. What is made of items gets its arguments from them. */
export async function* memberNodes(content: GroupContent): AsyncGenerator<AnyNode> {
  if (content.kind === "group") yield* content.members;
  else if (content.kind === "chunks") yield* ofChunks(content);
  else for await (const item of content.items) yield ofItem(content, item);
}

async function* ofChunks(content: OfItems): AsyncGenerator<AnyNode> {
  let chunk: unknown[] = [];
  for await (const item of content.items) {
    chunk.push(item);
    if (chunk.length < content.size) continue;
    yield ofItem(content, chunk);
    chunk = [];
  }
  if (chunk.length > 0) yield ofItem(content, chunk);
}

/** One member: its arguments with the item behind them, or as the one that it is named as. */
export function ofItem({ kind, each }: OfItems, item: unknown): AnyNode {
  const { task, args } = each.content;
  const { options, input } = each.said;
  const given = kind === "starmap" ? (item as readonly unknown[]) : [item];
  const all = Array.isArray(args) ? [...args, ...given] : { ...args, [input?.as ?? usualMember]: item };
  return new Signature({ kind: "task", task, args: all }, { input: undefined, options });
}

const usualMember = "result";
