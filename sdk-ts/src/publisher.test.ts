import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { type EnqueueVerdict, EnqueueVerdictSchema } from "@stem/proto/stem/v1/task_service_pb";
import { expect, test } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createPublisher, type SendTasks } from "./publisher.ts";
import { createRetries } from "./retry.ts";
import { outcomeOf } from "./verdicts.ts";

type Answer = "stored" | "before" | "away" | "exists";

const codes = { away: [14, "STORE_UNAVAILABLE"], exists: [6, "TASK_EXISTS"] } as const;

function verdict(answer: Answer): EnqueueVerdict {
  if (answer === "stored" || answer === "before")
    return create(EnqueueVerdictSchema, { deduplicated: answer === "before" });
  const [code, reason] = codes[answer];
  const info = anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason, domain: "stem.v1" }));
  return create(EnqueueVerdictSchema, { error: { code, message: "", details: [info] } });
}

/** A server that answers call by call; an error is thrown. */
function scripted(script: (readonly Answer[] | ConnectError)[]) {
  const calls: string[] = [];
  const send: SendTasks = async (tasks, atomic) => {
    calls.push(`${tasks.map(([id = 0]) => String.fromCharCode(id)).join(",")}${atomic ? " atomic" : ""}`);
    const answers = script[calls.length - 1] ?? new ConnectError("nothing more", Code.Unavailable);
    if (answers instanceof ConnectError) throw answers;
    return answers.map((answer) => outcomeOf(verdict(answer)));
  };
  const clock = createManualClock();
  const policy = { baseDelayMs: 100, factor: 1, horizonMs: 1000 };
  const retries = createRetries(policy, { clock, random: () => 0.9, closing: new AbortController().signal });
  return { clock, calls, publish: createPublisher(send, retries) };
}

const tasks = () => ["a", "b", "c"].map((id) => Uint8Array.of(id.charCodeAt(0)));
const kinds = (outcomes: readonly { kind: string }[]) => outcomes.map(({ kind }) => kind).join();

test("a broken call is repeated with the same ids", async () => {
  const { clock, calls, publish } = scripted([
    new ConnectError("broken", Code.Unavailable),
    ["stored", "before", "stored"],
  ]);
  const outcomes = publish(tasks());
  await clock.advance(100);
  expect(await outcomes).toEqual([
    { kind: "stored", deduplicated: false },
    { kind: "stored", deduplicated: true },
    { kind: "stored", deduplicated: false },
  ]);
  expect(calls).toEqual(["a,b,c", "a,b,c"]);
});

test("only what has no answer is sent again; a refusal is an answer", async () => {
  const { clock, calls, publish } = scripted([["stored", "away", "exists"], ["away"], ["stored"]]);
  const outcomes = publish(tasks());
  await clock.advance(200);
  expect(kinds(await outcomes)).toBe("stored,stored,refused");
  expect(calls).toEqual(["a,b,c", "b", "b"]);
});

test("an atomic batch is one thing: it goes again as a whole", async () => {
  const { clock, calls, publish } = scripted([
    new ConnectError("broken", Code.Internal),
    ["stored", "stored", "stored"],
  ]);
  const outcomes = publish(tasks(), true);
  await clock.advance(100);
  expect(kinds(await outcomes)).toBe("stored,stored,stored");
  expect(calls).toEqual(["a,b,c atomic", "a,b,c atomic"]);
});

test("a call that is refused as a whole refuses each of its tasks, at once", async () => {
  const { calls, publish } = scripted([new ConnectError("no", Code.PermissionDenied)]);
  expect(kinds(await publish(tasks()))).toBe("refused,refused,refused");
  expect(calls).toHaveLength(1);
});

test("when the horizon is reached, the last problem is the outcome", async () => {
  const { clock, publish } = scripted([]);
  const outcomes = publish(tasks());
  await clock.advance(2000);
  expect(await outcomes).toMatchObject([
    { kind: "refused", problem: { reason: "RPC_UNAVAILABLE", outcome: "unknown" } },
    { kind: "refused" },
    { kind: "refused" },
  ]);
});

test("a verdict that is missing counts as unknown, and its task goes again", async () => {
  const { clock, calls, publish } = scripted([["stored", "stored"], ["before"]]);
  const outcomes = publish(tasks());
  await clock.advance(100);
  expect(kinds(await outcomes)).toBe("stored,stored,stored");
  expect(calls).toEqual(["a,b,c", "c"]);
});
