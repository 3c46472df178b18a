// The thinnest worker in a process of its own: tells how long it took.

import { settings, tell } from "../support/child.ts";
import { drainRaw } from "../support/raw-stream.ts";

const { address, count } = settings<{ address: string; count: number }>();
tell(await drainRaw(address, count));
process.once("SIGTERM", () => process.exit(0));
setInterval(() => undefined, 60_000);
