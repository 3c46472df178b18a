import { expect, test } from "vitest";
import { openRooms } from "../support/rooms.ts";

test("a worker with a window of bytes gets no more than fits, and more once it has seen that", async () => {
  const rooms = await openRooms();
  const content = new Uint8Array(1000);
  await rooms.enqueue(...Array.from({ length: 10 }, (_, at) => ({ id: `t${at}`, content })));
  const { session, take } = await rooms.worker({ credit: 0 });
  session.credit(0, 100, 3500);
  expect(await take(), "three fit, a fourth would not").toHaveLength(3);
  expect(await take(), "what is left is less than a task: the last one may go beyond").toHaveLength(1);
  let later: readonly unknown[] = [];
  const waiting = take().then((leases) => {
    later = leases;
  });
  await rooms.clock.advance(10_000);
  expect(later, "the window is full").toHaveLength(0);
  session.credit(2, 100, 3500);
  await waiting;
  expect(later).toHaveLength(1);
  await rooms.close();
});

test("a task larger than the window comes alone", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ content: new Uint8Array(5000) }, { content: new Uint8Array(10) });
  const { session, take } = await rooms.worker({ credit: 0 });
  session.credit(0, 100, 100);
  expect(await take()).toMatchObject([{ content: { length: 5000 } }]);
  session.credit(1, 100, 100);
  expect(await take()).toMatchObject([{ content: { length: 10 } }]);
  await rooms.close();
});
