import type { Bytes } from "../../model/ids.ts";
import type { Link, NewTask } from "../../model/task.ts";
import type { Entry } from "./entry.ts";

/** What a new task says of its links, and what it is handed: kept whatever becomes of the buffers that it came in. */
export const keptLinks = ({
  links,
  input,
  place,
  next,
}: NewTask): Pick<Entry, "links" | "input" | "member" | "next"> => ({
  links: links?.map(keptLink),
  input: input && { ...input, data: copyOf(input.data) },
  member: place,
  next,
});

/** A link, or what is like one, on its own. */
export const keptLink = <L extends Pick<Link, "task">>(link: L): L => ({
  ...link,
  task: {
    ...link.task,
    content: new Uint8Array(link.task.content),
    ...(link.task.links && { links: link.task.links.map(keptLink) }),
  },
});

/** Bytes of their own. */
export const copyOf = (data: Bytes | undefined): Bytes | undefined => data && new Uint8Array(data);
