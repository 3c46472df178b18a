import type { AnyNode, GroupContent, GroupLike } from "./node.ts";

/**
 * The same canvas, in which all members are there: it may be read again and again. `isBeginning`: but for those of the group that it is, or
 * begins with, which are read page by page.
 */
export async function materialized(node: AnyNode, isBeginning = false): Promise<AnyNode> {
  const { content } = node;
  switch (content.kind) {
    case "task":
      return node;
    case "chain": {
      const steps = content.steps.map((step, at) => materialized(step, isBeginning && at === 0));
      return node.saying({}, { ...content, steps: await Promise.all(steps) });
    }
    case "chord": {
      const header = (await materialized(content.header, isBeginning)) as GroupLike;
      return node.saying({}, { ...content, header, body: await materialized(content.body) });
    }
    default:
      return isBeginning && !isAllThere(content) ? node : node.saying({}, await withItems(content));
  }
}

/** Whether the members of a group, or what they are made of, are an array. */
export const isAllThere = (content: GroupContent): boolean =>
  Array.isArray(content.kind === "group" ? content.members : content.items);

/** Whether nothing of that has members of its own. */
const areTasks = (members: Extract<GroupContent, { kind: "group" }>["members"]): boolean =>
  Array.isArray(members) && members.every((member: AnyNode) => member.content.kind === "task");

async function withItems(content: GroupContent): Promise<GroupContent> {
  if (content.kind !== "group") return { ...content, items: await Array.fromAsync(content.items) };
  if (areTasks(content.members)) return content;
  const members = await Array.fromAsync(content.members, (member) => materialized(member));
  return { ...content, members };
}
