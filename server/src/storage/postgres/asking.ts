import type { Lanes } from "./lanes.ts";
import type { Session } from "./session.ts";

/** The ways in: what writes goes by lanes, what reads by any connection that is free. */
export type Asking = {
  readonly lane: Lanes;
  /** Runs a read; rejects with what the port has for it. */
  read<A>(run: (db: Session) => Promise<A>): Promise<A>;
  /** The same where several statements have to see one moment. */
  snapshot<A>(run: (db: Session) => Promise<A>): Promise<A>;
};
