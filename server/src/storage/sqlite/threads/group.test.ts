import { expect, test } from "vitest";
import { createGroupCommit } from "./group.ts";
import type { Request } from "./messages.ts";

const asked = (...verbs: readonly string[]): Request[] =>
  verbs.map((verb, id) => ({ id, verb, data: undefined, items: 1 }));

/** A writer that notes what is done to it, and whose verb "broken" fails. */
function grouping() {
  const done: string[] = [];
  const commit = createGroupCommit({
    writer: {
      begin: (isDurable) => void done.push(isDurable ? "begin durable" : "begin"),
      commit: () => void done.push("commit"),
      rollback: () => void done.push("rollback"),
    },
    execute({ verb }) {
      done.push(verb);
      if (verb === "broken") throw new Error("a fault");
      return { data: verb, transfer: [] };
    },
    isDurable: ({ verb }) => verb !== "claim",
    runsLast: ({ verb }) => verb === "claim",
    onFull: () => undefined,
  });
  return { done, commit };
}

test("claims come after all that their group makes ready, and each request gets its own answer", () => {
  const { done, commit } = grouping();
  const answers = commit(asked("claim", "accept", "claim", "settle"));
  expect(done).toEqual(["begin durable", "accept", "settle", "claim", "claim", "commit"]);
  expect(answers.map(({ reply }) => [reply.id, "data" in reply && reply.data])).toEqual([
    [1, "accept"],
    [3, "settle"],
    [0, "claim"],
    [2, "claim"],
  ]);
});

test("claims alone need no sync", () => {
  const { done, commit } = grouping();
  commit(asked("claim", "claim"));
  expect(done).toEqual(["begin", "claim", "claim", "commit"]);
});

test("a fault undoes the group, and meets nobody else when each goes again alone", () => {
  const { done, commit } = grouping();
  const answers = commit(asked("accept", "broken"));
  expect(done).toEqual([
    ...["begin durable", "accept", "broken", "rollback"],
    ...["begin durable", "accept", "commit"],
    ...["begin durable", "broken", "rollback"],
  ]);
  expect(answers.map(({ reply }) => "data" in reply)).toEqual([true, false]);
});
