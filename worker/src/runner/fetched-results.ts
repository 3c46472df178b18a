/**
 * What a task is handed by a group of very many members comes as a reference, a JSON object in the place of the list. Handlers see the list
 * itself: it is fetched, page by page, before one begins, wherever that runs.
 */

import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import { NonRetryable, type StemClient } from "@stem/sdk";
import type { HeldLease } from "../lease.ts";
import { failed } from "../settlement.ts";
import type { Runner } from "./runner.ts";

/** A runner whose tasks have the lists that they are handed by reference. */
export const fetchingResults = (runner: Runner, client: () => Pick<StemClient, "canvas">): Runner => ({
  async run(lease) {
    if (mayRefer(lease.task.args)) {
      try {
        await fetchInto(lease, client());
      } catch (error) {
        return failed(lease.stop ?? error);
      }
    }
    return runner.run(lease);
  },
});

const member = "stem.results";

/** Cheap, because it is asked of every task. */
const mayRefer = (args: Payload | undefined): args is Payload =>
  args?.data.case === "json" && args.data.value.includes(`"${member}"`);

/** Where results are to be found. */
type Reference = { readonly canvasId: string; readonly groupId: string };

async function fetchInto(
  { grant, task, signal }: HeldLease,
  client: Pick<StemClient, "canvas">,
): Promise<void> {
  const { args } = task;
  if (args?.data.case !== "json" || grant.task === undefined) return;
  const given: unknown = JSON.parse(args.data.value);
  if (!isObject(given)) return;
  // It is the last of a list, or any one of named arguments.
  const keys = Array.isArray(given) ? [`${given.length - 1}`] : Object.keys(given);
  let isFound = false;
  for (const key of keys) {
    const reference = referenceIn(given[key]);
    if (reference === undefined) continue;
    signal.throwIfAborted();
    given[key] = await client.canvas(reference.canvasId).resultOf(reference.groupId);
    isFound = true;
  }
  if (isFound) grant.task = { ...task, args: { ...args, data: { case: "json", value: writtenArgs(given) } } };
}

function referenceIn(value: unknown): Reference | undefined {
  if (!isObject(value) || Object.keys(value).length > 1) return undefined;
  const said = value[member];
  if (!isObject(said)) return undefined;
  const { canvasId, groupId } = said;
  return typeof canvasId === "string" && typeof groupId === "string" ? { canvasId, groupId } : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** The arguments as JSON again; bytes among the results are none. */
const writtenArgs = (given: object): string =>
  JSON.stringify(given, (_, value: unknown) => {
    if (value instanceof Uint8Array)
      throw new NonRetryable("a result in the list is no JSON, and cannot be handed on");
    return value;
  });
