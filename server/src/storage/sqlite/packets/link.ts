import { taskIdOf, taskNameOf } from "../../../model/ids.ts";
import type { NewTask, TaskInput, TaskPolicy } from "../../../model/task.ts";
import { codeOfReason, reasonOfCode } from "../../sql/codes.ts";
import { linksOfText, textOfLinks } from "../../sql/links-text.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

type Linked = Pick<NewTask, "links" | "input">;

/** Writes what a task's ends make, and what it is handed, as far as its policy says that there is any. */
export function writeLinked(to: PacketWriter, policy: TaskPolicy, { links, input }: Linked): void {
  if (policy.links !== undefined) to.optionalText(links && textOfLinks(links));
  if (policy.takesInput) writeInput(to, input);
}

export function readLinked(from: PacketReader, policy: TaskPolicy): Linked {
  const text = policy.links === undefined ? undefined : from.optionalText();
  const input = policy.takesInput ? readInput(from) : undefined;
  return { ...(text !== undefined && { links: linksOfText(text) }), ...(input && { input }) };
}

/** Writes what a task is handed, or that it is nothing. */
export function writeInput(to: PacketWriter, input: TaskInput | undefined): void {
  to.optionalText(input?.from);
  if (input === undefined) return;
  to.text(input.fromName);
  to.text(input.rootId);
  to.flag(input.on === "failed");
  to.flag(input.isHanded);
  to.optionalText(input.member);
  to.optionalBytes(input.data);
  to.number(codeOfReason(input.reason));
  to.number(input.attempt);
  to.flag(input.isBarrier === true);
}

export function readInput(from: PacketReader): TaskInput | undefined {
  const id = from.optionalText();
  if (id === undefined) return undefined;
  const input: TaskInput = {
    from: taskIdOf(id),
    fromName: taskNameOf(from.text()),
    rootId: taskIdOf(from.text()),
    on: from.flag() ? "failed" : "succeeded",
    isHanded: from.flag(),
    member: from.optionalText(),
    data: from.optionalBytes(),
    reason: reasonOfCode(from.number()),
    attempt: from.number(),
  };
  return from.flag() ? { ...input, isBarrier: true } : input;
}
