import type { Lease } from "../../broker/broker.ts";
import { grantsThatFit } from "../convert/grant.ts";
import type { Grants } from "./frames.ts";

/** The leases of one claim, until they are sent. */
export interface Granted {
  /** Puts in what a claim brought; what the last one brought has been taken by then. */
  put(grants: Grants): void;
  /** As many of the next leases as a frame holds. */
  take(): Grants | undefined;
  /** Takes all that are left, to be given back. */
  drop(): readonly Lease[];
}

/** Makes a place for leases; frames of them are cut at `frameBytesMax`. */
export function createGranted(frameBytesMax: number): Granted {
  let rest: Grants | undefined;
  return {
    put(grants) {
      if (rest) throw new Error("leases were claimed before the last ones were sent");
      rest = grants;
    },
    take() {
      if (!rest) return undefined;
      const { leases, firstSeq } = rest;
      const all = rest;
      const count = grantsThatFit(leases, frameBytesMax);
      if (count === leases.length) {
        rest = undefined;
        return all;
      }
      rest = { ...all, firstSeq: firstSeq + count, leases: leases.slice(count) };
      return { ...all, leases: leases.slice(0, count) };
    },
    drop() {
      const leases = rest?.leases ?? [];
      rest = undefined;
      return leases;
    },
  };
}
