import type { Message } from "@bufbuild/protobuf";

/** The requests of a streaming call, on their way from the wire to a handler. */
export interface Incoming {
  /** What the handler reads. Nothing is taken from the wire while it does not ask. Ends at half-close and when the caller is gone. */
  readonly messages: AsyncIterable<Message>;
  /** A message came, in answer to one read. */
  push(message: Message): void;
  /** No more messages will come. */
  end(): void;
}

type Step = IteratorResult<Message, undefined>;
const done: Step = { done: true, value: undefined };

/** Makes the way in; `read` asks the wire for one message, and is called once for each that the handler asks for. */
export function createIncoming(read: () => void): Incoming {
  // Almost always one at most: handlers ask for a message when they have had the last one.
  const waiting: ((step: Step) => void)[] = [];
  let ended = false;
  const end = (): void => {
    ended = true;
    for (const resolve of waiting.splice(0)) resolve(done);
  };
  const iterator: AsyncIterator<Message> = {
    next: () =>
      new Promise((resolve) => {
        if (ended) return resolve(done);
        waiting.push(resolve);
        // One read at a time: the answer to the first asks for the second.
        if (waiting.length === 1) read();
      }),
    return: async () => {
      end();
      return done;
    },
  };
  return {
    messages: { [Symbol.asyncIterator]: () => iterator },
    push(message) {
      waiting.shift()?.({ done: false, value: message });
      if (waiting.length > 0) read();
    },
    end,
  };
}
