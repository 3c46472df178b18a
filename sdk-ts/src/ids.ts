import { randomFillSync } from "node:crypto";
import { V7Generator } from "uuidv7";

// Fetched a thousand at a time: asking the machine for a few random bytes costs as much as the rest of an id.
const numbers = new Uint32Array(1024);
let used = numbers.length;

function nextUint32(): number {
  if (used === numbers.length) {
    randomFillSync(numbers);
    used = 0;
  }
  const number = numbers[used] as number;
  used += 1;
  return number;
}

const generator = new V7Generator({ nextUint32 });

/** A new task id: a UUIDv7, rising within the process. Made by the producer, so that every repeat of a call names the same task. */
export const newTaskId = (): string => generator.generate().toString();
