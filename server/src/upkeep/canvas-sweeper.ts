/** What the sweeper of canvases needs. */
export type CanvasSweeperDeps = {
  /** The canvases': fails those whose time is over, cancels what goes on under what has ended; answers how many that were. */
  readonly tidyCanvases: () => Promise<number>;
};

/** Tidies up after canvases, and comes back soon where there was something to do: more may have come of it. */
export async function sweepCanvasesOnce(
  { tidyCanvases }: CanvasSweeperDeps,
  { intervalMs, pauseMs }: { readonly intervalMs: number; readonly pauseMs: number },
): Promise<number> {
  return (await tidyCanvases()) === 0 ? intervalMs : pauseMs;
}
