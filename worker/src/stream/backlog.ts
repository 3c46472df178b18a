import type { Client } from "@connectrpc/connect";
import type { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { problemFrom } from "@stem/sdk/internal";

/** Which queues to look at. */
export type BacklogDeps = {
  readonly client: Client<typeof QueueService>;
  readonly namespace: string | undefined;
  readonly queues: readonly string[];
};

const callMsMax = 5000;

/** How many tasks are ready in a worker's queues; a queue that nobody has used has none. Throws StemProblem. */
export async function readBacklog({ client, namespace, queues }: BacklogDeps): Promise<number> {
  const depths = await Promise.all(
    queues.map(async (queue) => {
      try {
        const answer = await client.getQueue(
          { queue, ...(namespace !== undefined && { namespace }) },
          { timeoutMs: callMsMax },
        );
        // What waits in a paused queue waits for no slot.
        return answer.queue?.pause ? 0 : Number(answer.queue?.depth?.ready ?? 0n);
      } catch (error) {
        const problem = problemFrom(error);
        if (problem.reason === "QUEUE_UNKNOWN") return 0;
        throw problem;
      }
    }),
  );
  return depths.reduce((sum, depth) => sum + depth, 0);
}
