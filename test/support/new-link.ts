import { instantOf } from "../../server/src/model/ids.ts";
import type { Link, LinkedEnd } from "../../server/src/model/task.ts";
import { newTask, type TaskDetails } from "./new-task.ts";

/** What a test says of a link; the rest is as plain as can be: made at once, and handed what there is, at the end of its arguments. */
export type LinkWish = Partial<Omit<Link, "on" | "task">> & { readonly task?: TaskDetails };

/** A task that an end of another one makes. */
export function linkOn(on: LinkedEnd, { task: details, ...rest }: LinkWish = {}): Link {
  const hands = "hands" in rest ? rest.hands : { member: undefined };
  const policy = { ...details?.policy, takesInput: true };
  const {
    namespace: _,
    id: __,
    replayOf: ___,
    lineage: ____,
    input: _____,
    ...task
  } = newTask("linked", { ...details, policy });
  return {
    ...{ on, task, hands, ownId: undefined },
    ...{ acceptedAt: instantOf(0), isStartFixed: false, expireAt: undefined },
    ...rest,
  };
}

/** What makes an ordinary task one with these links. */
export const linking = (...links: readonly Link[]): Required<Pick<TaskDetails, "links" | "policy">> => {
  const ends = new Set(links.map(({ on }) => on));
  const [only] = ends;
  return { links, policy: { links: ends.size > 1 ? "both" : only } };
};
