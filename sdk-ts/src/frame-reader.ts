/** Frames on their way out, as a transport reads them: one at a time, each asked for when the last one has left. */
export type FrameReader<Frame> = {
  /** The next frame; resolves when there is one, or none comes any more. */
  readonly next: () => Promise<IteratorResult<Frame>>;
  /** The transport reads no more. */
  readonly end: () => void;
};

/** The iterator of such frames. */
export const frameIterator = <Frame>({ next, end }: FrameReader<Frame>): AsyncIterator<Frame> => ({
  next,
  return: () => {
    end();
    return Promise.resolve({ done: true, value: undefined });
  },
  // The transport insists on it: this is how it tells that the stream is lost.
  throw: (error: unknown) => {
    end();
    return Promise.reject(error);
  },
});
