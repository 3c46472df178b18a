/** A worker as in the README: a program of its own that sets no option but the address. */

import { defineTask } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";

const work = defineTask<[], void>({ name: "work" });
const [url = ""] = process.argv.slice(2);
await createWorker({ url, tasks: [implement(work, () => undefined)] }).run();
