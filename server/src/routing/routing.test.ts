import { expect, test } from "vitest";
import { queueNameOf, taskNameOf } from "../model/ids.ts";
import { createRouting } from "./routing.ts";

test("a task goes where its producer says, else to the default queue", () => {
  const routing = createRouting({ defaults: { queue: "usual" } });
  const name = taskNameOf("mail.send");
  expect(routing.queueFor({ name, queue: queueNameOf("mail") })).toBe("mail");
  expect(routing.queueFor({ name, queue: undefined })).toBe("usual");
});
