import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const sum = defineTask<[...unknown[]], number>({ name: "sum" });

const adds = (values: readonly unknown[]): number =>
  values.reduce<number>((total, each) => total + (Array.isArray(each) ? adds(each) : Number(each)), 0);

const add = (...args: readonly unknown[]) => ({
  node: {
    case: "task" as const,
    value: { name: "sum", args: { data: { case: "json" as const, value: JSON.stringify(args) } } },
  },
});

async function open() {
  const { url, work } = await startStem();
  const canvases = createClient(CanvasService, createGrpcTransport({ baseUrl: url }));
  await work({ tasks: [implement(sum, (_ctx, ...args) => adds(args))] });
  return {
    canvases,
    async ended(canvasId: string) {
      let last: CanvasState | undefined;
      for await (const { canvas } of canvases.watchCanvas({ canvasId })) last = canvas?.state;
      return last;
    },
    async result(canvasId: string) {
      const { value } = await canvases.getCanvasResult({ canvasId });
      return value?.value.case === "result" ? value.value.value.data.value : value?.value.case;
    },
  };
}

test("a chord in a chain runs, each node handed what is before it, and the result is there", async () => {
  const { canvases, ended, result } = await open();
  const chord = { case: "chord" as const, value: { header: [add(10), add(20)], body: add(100) } };
  const steps = [add(1, 2), { node: chord }];
  await canvases.submitCanvas({ id: "c", root: { node: { case: "chain", value: { steps } } } });
  expect(await ended("c")).toBe(CanvasState.SUCCEEDED);
  expect(await result("c")).toBe("136");
});
