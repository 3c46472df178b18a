import type { Transport } from "@connectrpc/connect";

/** How operators' calls are made: where to, in which namespace, how long they may take, and repeated when their outcome is unknown. */
export type OperatorCalls = {
  readonly transport: Transport;
  readonly inNamespace: { readonly namespace?: string };
  readonly timed: { readonly timeoutMs: number };
  readonly call: <T>(run: () => Promise<T>) => Promise<T>;
};
