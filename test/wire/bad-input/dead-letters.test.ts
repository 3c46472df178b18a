import { Code, createClient } from "@connectrpc/connect";
import { DeadLetterService } from "@stem/proto/stem/v1/dead_letter_service_pb";
import { describe, expect, test } from "vitest";
import { wireTransports, wordOf } from "../../support/wire-transports.ts";
import { abuseServer, ways } from "./abused-server.ts";
import { invalid, refused } from "./refusal.ts";

const server = abuseServer();

describe.each(ways)("over %s", (way) => {
  const named = (suffix: string): string => `${wordOf(way)}-${suffix}`;
  const connect = () => {
    const [, open] = wireTransports.find(([name]) => name === way) ?? [];
    if (!open) throw new Error(`there is no way in called ${way}`);
    return createClient(DeadLetterService, open(server.wire.url));
  };

  test("D175 replaying none or unknown ones is refused, a million is done in pages, again is the same task", async () => {
    const { tasks, workers } = server.caller(way);
    const letters = connect();
    const queue = named("letters");
    const ids = [1, 2, 3].map((n) => named(`letter-${n}`));
    await tasks.enqueueTasks({ tasks: ids.map((id) => ({ id, name: "a", queue })) });
    const { grants } = await workers.leaseTasks({ queues: [queue], maxTasks: 3 });
    const outcome = { case: "rejected" as const, value: {} };
    await workers.settleTasks({ settlements: grants.map(({ leaseToken }) => ({ leaseToken, outcome })) });
    const filter = { queue };
    await server.refuses(invalid("limit"), [0, -1, -(2 ** 31)], (limit) =>
      letters.replayDeadLetters({ filter, limit }),
    );
    await server.refuses(refused(Code.NotFound, "TASK_UNKNOWN"), [named("nobody"), "__proto__"], (id) =>
      letters.replayDeadLetters({ filter: { taskIds: [ids[0] ?? "", id] }, limit: 1 }),
    );
    const first = await letters.replayDeadLetters({ filter, limit: 1 });
    const { nextPageToken: pageToken } = first;
    const rest = await letters.replayDeadLetters({ filter, limit: 1_000_000, pageToken });
    const replayed = [...first.replayed, ...rest.replayed];
    expect(replayed.map(({ taskId, alreadyReplayed }) => [taskId, alreadyReplayed])).toEqual(
      ids.toReversed().map((id) => [id, false]),
    );
    const again = await letters.replayDeadLetters({ filter, limit: 1_000_000 });
    expect(again.replayed).toEqual(replayed.map((letter) => ({ ...letter, alreadyReplayed: true })));
  });
});
