import type { Namespace } from "../../model/ids.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

/** Whether its namespace lets anything begin. */
export const isFiring = (
  { rules }: Pick<Work, "rules">,
  { namespace }: { readonly namespace: Namespace },
): boolean => (rules.spaces.get(namespace)?.state ?? "active") === "active";

const hold = statement("UPDATE schedules SET held = $2 WHERE namespace = $1 AND held <> $2");

/** Keeps the schedules of a namespace from being due, or lets them be. Alone: nobody makes one meanwhile. */
export const holdSchedules = (db: Session, space: number, isHeld: boolean): Promise<number> =>
  db.run(hold, space, isHeld);
