import type { Broadcaster, BroadcastOptions, PublishedBroadcast } from "../broadcast.ts";
import type { AnyTask, ArgsShape, TaskCall } from "../define-task.ts";
import type { FakeTask } from "./fake-handles.ts";

/** A broadcast that was published on a fake client. */
export type RecordedBroadcast = {
  readonly id: string;
  readonly channel: string;
  /** Which handler would run it. */
  readonly name: string;
  readonly args: ArgsShape;
  readonly options: BroadcastOptions;
};

/** What published broadcasts are checked with and kept in. */
export type FakeBroadcastDeps = {
  readonly published: Map<string, RecordedBroadcast>;
  /** Checks and encodes a call as a real client does. */
  readonly prepare: (call: TaskCall) => Promise<FakeTask>;
  /** Throws what the test refuses the task with. */
  readonly admit: (name: string) => void;
};

/** Makes `broadcast` of a fake client: nobody listens, so nothing becomes of what is published. */
export const fakeBroadcast =
  ({ published, prepare, admit }: FakeBroadcastDeps): Broadcaster["broadcast"] =>
  async (channel, task, ...rest): Promise<PublishedBroadcast> => {
    const [args = [], options = {}] = rest as [args?: ArgsShape, options?: BroadcastOptions];
    const { expiresMs: _, delivery: __, ...called } = options;
    const { record } = await prepare({ task: task as AnyTask, args, options: called });
    admit(record.name);
    const { id, name } = record;
    const deduplicated = published.has(id);
    if (!deduplicated) published.set(id, { id, channel, name, args: record.args as ArgsShape, options });
    return {
      ...{ id, deduplicated, listeners: 0 },
      outcomes: async () => [],
      end: async () => ({ cancelled: 0, running: 0 }),
    };
  };
