import { expect, test } from "vitest";
import { createCheckpoints } from "./checkpoints.ts";

/** A log whose copying can be made to fail; how often it was copied, and how often the rest was. */
function aLog() {
  const state = { pages: 0, copies: 0, finishes: 0, isFull: false };
  const checkpoints = createCheckpoints({
    async copy() {
      state.copies += 1;
      if (state.isFull) throw new Error("database or disk is full");
      return { pages: state.pages, pagesCopied: state.pages };
    },
    async finish() {
      state.finishes += 1;
      return { pages: 0, pagesCopied: 0 };
    },
  });
  const grow = async (pages: number): Promise<void> => {
    state.pages = pages;
    checkpoints.observe(pages);
    await checkpoints.idle();
  };
  return { state, grow };
}

test("a log is copied each time it has grown by 16 MB, and begun again when it is long", async () => {
  const { state, grow } = aLog();
  await grow(3999);
  expect(state).toMatchObject({ copies: 0 });
  await grow(4000);
  await grow(7999);
  expect(state).toMatchObject({ copies: 1 });
  await grow(8000);
  expect(state).toMatchObject({ copies: 2, finishes: 0 });
  await grow(16_000);
  expect(state).toMatchObject({ copies: 3, finishes: 1 });
  await grow(100);
  await grow(4000);
  expect(state, "it began again").toMatchObject({ copies: 4 });
});

test("a copy that found no room is tried again after another megabyte", async () => {
  const { state, grow } = aLog();
  state.isFull = true;
  await grow(4000);
  await grow(4249);
  expect(state).toMatchObject({ copies: 1 });
  state.isFull = false;
  await grow(4250);
  expect(state).toMatchObject({ copies: 2 });
  await grow(8249);
  expect(state).toMatchObject({ copies: 2 });
});
