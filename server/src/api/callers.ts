/** Who calls, asked before anything of a request is read. */

import type { DescMethod } from "@bufbuild/protobuf";
import { Health } from "@stem/proto/grpc/health/v1/health_pb";
import type { Auth, Caller } from "../auth/auth.ts";
import { createSparing } from "../lib/sparing.ts";
import { StemProblem } from "../model/problem.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Credentials } from "../ports/principal.ts";
import type { Arrival } from "./arrival.ts";

export type { Caller };

/** What is known of a call before its request is read. */
export type Arrived = {
  readonly method: DescMethod;
  readonly name: string;
  readonly peer: string;
  readonly arrival: Arrival;
  readonly authorization: Credentials["authorization"];
};

/** Finds out who calls. */
export interface Callers {
  /** Whether anybody is asked at all. */
  readonly areAsked: boolean;
  /** Who makes a call; a problem where it may not be made. */
  identify(arrived: Arrived): Caller | StemProblem;
}

/** A caller of a server that asks nobody, or of a method that is open to all. */
export const anybody: Caller = { principal: undefined, digest: undefined };

/** Where nobody is asked. */
export const everybody: Callers = { areAsked: false, identify: () => anybody };

/** Of refused callers so many are logged at once, and then one in so long. */
const refusalsLogged = { burst: 10, everyMs: 10_000 } as const;

/** Asks everybody, but for probes of the server's health, who learn nothing from it but that. */
export function createCallers(
  auth: Auth,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Callers {
  const sparing = createSparing(refusalsLogged);
  return {
    areAsked: true,
    identify({ method, name, peer, arrival, authorization }) {
      if (method.parent === Health) return anybody;
      const { certificate, isInProcess } = arrival;
      const found = auth.identify({ authorization, certificate, isInProcess });
      if (!("reason" in found)) return found;
      const { isSaid, unsaid } = sparing.ask(clock.now());
      if (isSaid) log.warn({ method: name, peer, reason: found.reason, unsaid }, "a caller was turned away");
      return new StemProblem(found);
    },
  };
}

/** The authorization of a request by its headers as they came, in pairs of name and value: more than one is none. */
export function authorizationIn(rawHeaders: readonly string[]): Credentials["authorization"] {
  let found: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== "authorization") continue;
    if (found !== undefined) return { several: true };
    found = rawHeaders[at + 1] ?? "";
  }
  return found;
}
