// `node --conditions=stem-src examples/canvas/main.ts`: a chain, a group, a chord and a batch, with a server and a worker in this process.
import { createServer } from "@stem/server";
import { createApp } from "@stem/worker";
import { countAsTheyCome, wordsInWords, wordsOfAll, wordsOfBoth } from "./canvases.ts";
import { handlers } from "./handlers.ts";

await using app = createApp({ server: createServer({ store: "memory:" }), tasks: handlers, concurrency: 4 });

const inWords = await app.submit(wordsInWords("a b c\n\nd e"));
console.log("chain:", await inWords.result());

const both = await app.submit(wordsOfBoth("a b c", "d"));
const [left, right] = await both.result();
console.log("group:", left, right);

const all = await app.submit(wordsOfAll(["a b c", "d", "e f"]));
console.log("chord:", await all.result());

async function* texts() {
  yield* ["", "c"];
}
const batch = await countAsTheyCome(app.client, ["a b"], texts());
const results = await batch.result();
console.log("batch:", ...results.map((each) => (typeof each === "number" ? each : each.failure?.message)));
const { ended, failedIds } = await batch.inspect();
console.log("ended:", ended.succeeded, "well,", failedIds.length, "badly");
