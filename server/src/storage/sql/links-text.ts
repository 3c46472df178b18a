import type { Link, TaskInput, TaskPolicy } from "../../model/task.ts";
import { policyOfText, policyText } from "./policy-text.ts";

type WrittenTask = Omit<Link["task"], "content" | "policy" | "links"> & {
  readonly content: string;
  readonly policy: string;
  readonly links?: readonly WrittenLink[] | undefined;
};
type WrittenLink = Omit<Link, "task"> & { readonly task: WrittenTask };

/** Links as the text in which they are kept: JSON, their contents in base64. */
export const textOfLinks = (links: readonly Link[]): string => JSON.stringify(links.map(written));

/** The links of a text. */
export const linksOfText = (text: string): readonly Link[] =>
  (JSON.parse(text) as readonly WrittenLink[]).map(read);

const written = ({ task, ...link }: Link): WrittenLink => ({
  ...link,
  task: {
    ...task,
    content: Buffer.from(task.content.buffer, task.content.byteOffset, task.content.length).toString(
      "base64",
    ),
    policy: policyText(task.policy),
    links: task.links?.map(written),
  },
});

function read({ task, ...link }: WrittenLink): Link {
  const { content, policy, links, ...said } = task;
  return {
    ...link,
    task: {
      ...said,
      content: new Uint8Array(Buffer.from(content, "base64")),
      policy: policyOfText(policy),
      ...(links && { links: links.map(read) }),
    },
  };
}

/** What a task was handed, as text: all but the bytes. */
export const textOfInput = ({ data: _, ...head }: TaskInput): string => JSON.stringify(head);

/** Puts both together again. */
export const inputOf = (text: string, data: Uint8Array | undefined): TaskInput => {
  // What is undefined is not in the text.
  const head = JSON.parse(text) as Omit<TaskInput, "data" | "member" | "reason"> & Partial<TaskInput>;
  return { ...head, member: head.member, reason: head.reason, data: data && new Uint8Array(data) };
};

/** Whether a task has links, or is handed something, or may be. */
export const isLinked = ({ links, takesInput }: TaskPolicy): boolean =>
  links !== undefined || takesInput === true;
