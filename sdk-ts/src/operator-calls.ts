import type { Transport } from "@connectrpc/connect";

const pageSize = 100;

/** How operators' calls are made: where to, in which namespace, how long they may take, and repeated when their outcome is unknown. */
export type OperatorCalls = {
  readonly transport: Transport;
  readonly inNamespace: { readonly namespace?: string };
  readonly timed: { readonly timeoutMs: number };
  readonly call: <T>(run: () => Promise<T>) => Promise<T>;
};

/** What is in all pages of a list, each read when it is asked for. */
export async function* allPages<P extends { readonly nextPageToken: string }, T>(
  read: (page: { readonly pageSize: number; readonly pageToken: string }) => Promise<P>,
  itemsOf: (page: P) => readonly T[],
): AsyncIterable<T> {
  let pageToken = "";
  do {
    const page = await read({ pageSize, pageToken });
    yield* itemsOf(page);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}
