import { plus } from "../model/ids.ts";
import { type Applying, createApplying } from "./applying.ts";
import { type Asking, createAsking } from "./asking.ts";
import type { BeatDeps } from "./deps.ts";
import { createFiring } from "./firing.ts";
import { createKeeping, type Keeping, type KeepingDeps } from "./keeping.ts";
import { createLeader } from "./leader.ts";
import { createLooking, type Looking } from "./looking.ts";

/** Schedules at work. Throws StemProblem. */
export type Schedules = Keeping &
  Applying &
  Asking &
  Looking & {
    /**
     * For upkeep: fires what is due, and answers in how many milliseconds something is due again, at most `idleMs`; nothing where another
     * server of the store leads.
     */
    fire(idleMs: number): Promise<number>;
    /** For upkeep: `hurry` is called when something may be due in so many milliseconds. */
    onPlanned(hurry: (delayMs: number) => void): void;
    /** Lets another server fire at once. */
    close(): Promise<void>;
  };

/** Opens the room. `owner`: no two servers of a store have the same. */
export function createSchedules(deps: BeatDeps & { readonly owner: string }): Schedules {
  const { store, clock } = deps;
  let hurry: (delayMs: number) => void = () => undefined;
  const firing = createFiring(deps);
  // A store of its own has one server.
  const leader = store.onOthersNews === undefined ? undefined : createLeader(deps);

  async function nextIn(idleMs: number): Promise<number> {
    const now = clock.now();
    const [next] = await store.dueSchedules(plus(now, idleMs), { limit: 1, bytesMax: 0 });
    return Math.max(0, (next?.progress.lookAt ?? plus(now, idleMs)) - now);
  }

  const planned: KeepingDeps["planned"] = ({ progress }) => {
    if (progress.lookAt !== undefined) hurry(Math.max(0, progress.lookAt - clock.now()));
  };

  return {
    ...createKeeping({ ...deps, planned }),
    ...createApplying({ ...deps, planned }),
    ...createAsking({ ...deps, firing }),
    ...createLooking(deps),
    async fire(idleMs) {
      if (leader !== undefined && !(await leader.leads())) return idleMs;
      const { isMore } = await firing.fireDue(clock.now());
      return isMore ? 0 : nextIn(idleMs);
    },
    onPlanned(hear) {
      hurry = hear;
    },
    async close() {
      await leader?.resign();
    },
  };
}
