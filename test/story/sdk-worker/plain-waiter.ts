/** A program that waits for a task which another one has enqueued, and says what it had for a result. */

import { connect, defineTask } from "@stem/sdk";

const add = defineTask<[a: number, b: number], number>({ name: "math.add" });
const [url = "", id = ""] = process.argv.slice(2);
const stem = connect({ url });
const handle = stem.handle(add, id);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const result = handle.result({ timeoutMs: 50_000, onProgress: () => say("waits") });
say(`is ${(await handle.status()).state}`);
say(`result ${await result}`);
await stem.close();
