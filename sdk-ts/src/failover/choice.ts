import type { Random } from "../clock.ts";
import type { HealthState } from "./health-watch.ts";

/** What the choice of a server goes by. */
export type Standing = {
  readonly health: HealthState;
  /** When it is used as before, having been away: until then only if no other serves. */
  readonly returnsAt: number;
};

/**
 * Which of the servers, given in the client's order, is used now: its place; "wait": one that could be is yet to be heard of; "none":
 * all are away. The first of them is the client's own, and is waited for until `patientUntil`; one that is leaving is better than none.
 */
export function choose(
  servers: readonly Standing[],
  now: number,
  patientUntil: number,
): number | "wait" | "none" {
  const firstOf = (fits: (server: Standing) => boolean): number | undefined => {
    const place = servers.findIndex(fits);
    return place < 0 ? undefined : place;
  };
  if (servers[0]?.health === "unknown" && now < patientUntil) return "wait";
  return (
    firstOf(({ health, returnsAt }) => health === "serving" && returnsAt <= now) ??
    firstOf(({ health }) => health === "serving") ??
    (servers.some(({ health }) => health === "unknown") ? "wait" : undefined) ??
    firstOf(({ health }) => health === "leaving") ??
    "none"
  );
}

/** The same things in an order by chance, each order as likely: every client has its own, so that clients spread over servers. */
export function shuffled<Thing>(things: readonly Thing[], random: Random): Thing[] {
  const rest = [...things];
  return things.flatMap(() => rest.splice(Math.floor(random() * rest.length), 1));
}
