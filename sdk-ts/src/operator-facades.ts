import type { Transport } from "@connectrpc/connect";
import { type Canvases, createCanvases } from "./canvas/list-canvases.ts";
import { type Control, createControl } from "./control.ts";
import { createDeadLetters, type DeadLetters } from "./dead-letters.ts";
import { createDefinitions, type Definitions } from "./definitions.ts";
import { createLimits, type Limits } from "./limits.ts";
import { createNamespaces, type Namespaces } from "./namespaces.ts";
import type { OperatorCalls } from "./operator-calls.ts";
import { createQueues, type Queues } from "./queues.ts";
import { createRouting, type Routing } from "./routing.ts";
import { createTaskOperations, type TaskOperations } from "./task-operations.ts";
import { createUniqueClaims, type UniqueClaims } from "./unique-claims.ts";

/** What a client offers operators. */
export interface OperatorFacades {
  /** What operators do to tasks: change, move, hurry, delete, cancel, by id or by filter. */
  readonly tasks: TaskOperations;
  /** What canvases there are. */
  readonly canvases: Canvases;
  /** What operators do with tasks that failed for good. */
  readonly deadLetters: DeadLetters;
  /** What operators do to queues: see how much is in them, pause, resume, purge, create, change, delete. */
  readonly queues: Queues;
  /** What operators do to limits, pauses of names and keys, and turns. */
  readonly limits: Limits;
  /** What operators do to the routing of the namespace: read, validate, try, replace. */
  readonly routing: Routing;
  /** What tasks there are, as workers announced them. */
  readonly definitions: Definitions;
  /** Who has claimed which unique key. */
  readonly uniqueClaims: UniqueClaims;
  /** What operators see of workers, and do to them while they run. */
  readonly control: Control;
  /** What operators do with namespaces: create, bound, disable, delete. */
  readonly namespaces: Namespaces;
}

/** Makes them; open streams go over `waits`, until `closing`. */
export const createOperatorFacades = (
  calls: OperatorCalls & { readonly waits: Transport; readonly closing: AbortSignal },
): OperatorFacades => ({
  tasks: createTaskOperations(calls),
  canvases: createCanvases(calls),
  deadLetters: createDeadLetters(calls),
  queues: createQueues(calls),
  limits: createLimits(calls),
  routing: createRouting(calls),
  definitions: createDefinitions(calls),
  uniqueClaims: createUniqueClaims(calls),
  control: createControl(calls),
  namespaces: createNamespaces(calls),
});
