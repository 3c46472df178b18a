import { linkedBytes } from "../../model/continuation.ts";
import type { Link, TaskInput, TaskPolicy } from "../../model/task.ts";
import { policyOfText, policyText } from "./policy-text.ts";

type WrittenTask = Omit<Link["task"], "content" | "policy" | "links"> & {
  readonly content: string;
  readonly policy: string;
  readonly links?: readonly WrittenLink[] | undefined;
};
type WithTask = Pick<Link, "task">;

/** A link, or what is like one, as it is written into JSON: its contents in base64. */
export type Written<L extends WithTask> = Omit<L, "task"> & { readonly task: WrittenTask };
type WrittenLink = Written<Link>;

/** Links as the text in which they are kept: JSON. */
export const textOfLinks = (links: readonly Link[]): string => JSON.stringify(links.map(written));

/** The links of a text. */
export const linksOfText = (text: string): readonly Link[] =>
  (JSON.parse(text) as readonly WrittenLink[]).map(read<Link>);

/** How many bytes of content the links of a text have. */
export const bytesOfLinks = (text: string | null): number =>
  text === null ? 0 : linkedBytes({ links: linksOfText(text) });

/** A link, or what is like one, for JSON. */
export const written = <L extends WithTask>({ task, ...link }: L): Written<L> => ({
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

/** What was written so. */
export function read<L extends WithTask>({ task, ...link }: Written<L>): L {
  const { content, policy, links, ...said } = task;
  const whole = {
    ...link,
    task: {
      ...said,
      content: new Uint8Array(Buffer.from(content, "base64")),
      policy: policyOfText(policy),
      ...(links && { links: links.map(read<Link>) }),
    },
  };
  // All of L but its task, and that.
  return whole as unknown as L;
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
