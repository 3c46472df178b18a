/**
 * What a task is handed by a group of very many members comes as a reference, of which its grant says where it stands in the arguments.
 * Handlers see the list itself: it is fetched, page by page, before one begins, wherever that runs. Arguments that only look like a
 * reference are a producer's own, and stay as they are.
 */

import type { ResultsReference } from "@stem/proto/stem/v1/lease_pb";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import { NonRetryable, type StemClient } from "@stem/sdk";
import type { HeldLease } from "../lease.ts";
import { failed } from "../settlement.ts";
import type { Runner } from "./runner.ts";

/** A runner whose tasks have the lists that they are handed by reference. */
export const fetchingResults = (runner: Runner, client: () => Pick<StemClient, "canvas">): Runner => ({
  async run(lease) {
    const { results } = lease.grant;
    if (results !== undefined) {
      try {
        await fetchInto(lease, results, client());
      } catch (error) {
        return failed(lease.stop ?? error);
      }
    }
    return runner.run(lease);
  },
});

async function fetchInto(
  { grant, task, signal }: HeldLease,
  { canvasId, groupId, member }: ResultsReference,
  client: Pick<StemClient, "canvas">,
): Promise<void> {
  const { args } = task;
  if (args === undefined || grant.task === undefined) return;
  const given = givenIn(args);
  signal.throwIfAborted();
  given[Array.isArray(given) ? given.length - 1 : member] = await client.canvas(canvasId).resultOf(groupId);
  grant.task = { ...task, args: { ...args, data: { case: "json", value: writtenArgs(given) } } };
}

/** The server puts a reference into nothing but a list or an object. */
function givenIn({ data }: Payload): Record<string | number, unknown> {
  const given: unknown = data.case === "json" ? JSON.parse(data.value) : undefined;
  if (typeof given !== "object" || given === null)
    throw new NonRetryable("no reference can be in the arguments");
  return given as Record<string | number, unknown>;
}

/** The arguments as JSON again; bytes among the results are none. */
const writtenArgs = (given: object): string =>
  JSON.stringify(given, (_, value: unknown) => {
    if (value instanceof Uint8Array)
      throw new NonRetryable("a result in the list is no JSON, and cannot be handed on");
    return value;
  });
