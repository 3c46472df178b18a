import type { AnyNode, GroupLike } from "../canvas/node.ts";

/** The names of all tasks in a canvas of which all members are there. */
export function namesIn({ content }: AnyNode): readonly string[] {
  switch (content.kind) {
    case "task":
      return [content.task.name];
    case "chain":
      return content.steps.flatMap(namesIn);
    case "chord":
      return [...namesIn(content.header), ...namesIn(content.body)];
    case "group":
      return [...(content.members as readonly AnyNode[])].flatMap(namesIn);
    default:
      return [content.each.task.name];
  }
}

/** The same canvas with further members in that group, and the place of the first of them. */
export function withMembers(
  node: AnyNode,
  added: readonly AnyNode[],
): { readonly canvas: AnyNode; readonly first: number } {
  const { content } = node;
  if (content.kind === "chain") {
    const [begin, ...others] = content.steps;
    const { canvas, first } = withMembers(begin as AnyNode, added);
    return { canvas: node.saying({}, { ...content, steps: [canvas, ...others] }), first };
  }
  if (content.kind === "chord") {
    const { canvas, first } = withMembers(content.header, added);
    return { canvas: node.saying({}, { ...content, header: canvas as GroupLike }), first };
  }
  if (content.kind !== "group") throw new Error(`members cannot be added to a ${content.kind} here`);
  const members = content.members as readonly AnyNode[];
  return { canvas: node.saying({}, { ...content, members: [...members, ...added] }), first: members.length };
}
