import type { Encoded } from "../packets/coder.ts";
import { faultOf, textOf } from "../problems.ts";
import type { Reply, Request } from "./messages.ts";
import type { Verb, VerbTable } from "./verb.ts";

/** Runs what a request asks for, and packs the answer. */
export type Execute = (request: Request) => Encoded;

/** Makes the way from a request to its answer, through the table that both sides know. */
export function createExecute<S>(verbs: VerbTable<S>, calls: S): Execute {
  const table = verbs as unknown as Readonly<Record<string, Verb<readonly unknown[], unknown>>>;
  const handlers = calls as unknown as Readonly<Record<string, (...request: readonly unknown[]) => unknown>>;
  return ({ verb, data }) => {
    const [how, handler] = [table[verb], handlers[verb]];
    if (how === undefined || handler === undefined) throw new Error(`there is no verb ${verb}`);
    return how.answer.encode(handler(...how.request.decode(data)));
  };
}

/** A reply and the buffers that go with it. */
export type Outgoing = { readonly reply: Reply; readonly transfer: readonly ArrayBuffer[] };

/** The reply to a request that went well. */
export const success = ({ id }: Request, { data, transfer }: Encoded): Outgoing => ({
  reply: { id, data },
  transfer,
});

/** The reply to a request that threw. */
export const failure = ({ id }: Request, error: unknown): Outgoing => ({
  reply: { id, fault: faultOf(error), text: textOf(error) },
  transfer: [],
});

/** Runs a request by itself, whatever comes of it. */
export function attempt(request: Request, execute: Execute): Outgoing {
  try {
    return success(request, execute(request));
  } catch (error) {
    return failure(request, error);
  }
}
