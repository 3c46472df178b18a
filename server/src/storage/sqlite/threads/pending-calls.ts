import { type Fault, problemOf, unavailable } from "../problems.ts";
import type { Reply } from "./messages.ts";

/** Calls that wait for their replies. */
export type PendingCalls = {
  /** Notes a call that is about to be posted: its number, and the promise of its answer. */
  add(decode: (data: unknown) => unknown): { readonly id: number; readonly answer: Promise<unknown> };
  /** Ends the call that a reply is for; answers the reply's fault, if it is one. */
  settle(reply: Reply): { readonly fault: Fault; readonly text: string } | undefined;
  /** Ends all calls: nobody will reply. What became of them is unknown. */
  abandon(): void;
};

type Pending = {
  readonly decode: (data: unknown) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/** Makes an empty set of calls. */
export function createPendingCalls(): PendingCalls {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  return {
    add(decode) {
      lastId += 1;
      const id = lastId;
      const answer = new Promise((resolve, reject) => pending.set(id, { decode, resolve, reject }));
      return { id, answer };
    },
    settle(reply) {
      const call = pending.get(reply.id);
      pending.delete(reply.id);
      if ("fault" in reply) {
        call?.reject(problemOf(reply.fault, reply.text));
        return reply;
      }
      try {
        call?.resolve(call.decode(reply.data));
      } catch (error) {
        call?.reject(error);
      }
      return undefined;
    },
    abandon() {
      for (const { reject } of pending.values()) reject(unavailable());
      pending.clear();
    },
  };
}
