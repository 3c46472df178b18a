/** What the firer of schedules needs. */
export type ScheduleFirerDeps = {
  /** The beat's: fires what is due, and answers when something is due again. */
  readonly schedules: {
    fire(idleMs: number): Promise<number>;
    onPlanned(hurry: (delayMs: number) => void): void;
  };
};

/** Fires schedules that are due, and comes back when the next one is; never sooner than after a pause. */
export const fireSchedulesOnce = async (
  { schedules }: ScheduleFirerDeps,
  { intervalMs, pauseMs }: { readonly intervalMs: number; readonly pauseMs: number },
): Promise<number> => Math.max(pauseMs, await schedules.fire(intervalMs));
