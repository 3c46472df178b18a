import type { Instant } from "./ids.ts";

/** What hands out nothing for now: a queue, or the tasks of a name or of a limit key. */
export type Pause = {
  readonly reason: string;
  readonly at: Instant;
  /** Who paused it, as far as they said so. */
  readonly by?: string | undefined;
  /** When it goes on by itself; undefined: when somebody resumes it. */
  readonly resumeAt?: Instant | undefined;
};

/** Whether a pause is over by itself. */
export const isOver = ({ resumeAt }: Pause, now: Instant): boolean =>
  resumeAt !== undefined && resumeAt <= now;
