import { mkdtempSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";
import type { Log } from "../../../server/src/ports/log.ts";
import { openStore } from "../../../server/src/storage/open.ts";
import { exercise } from "../exercise.ts";

const nothing = (): void => undefined;
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

// Every store starts threads that load their sources anew; remembering the compiled ones halves what opening it costs.
const compiled = mkdtempSync(path.join(tmpdir(), "stem-compiled-"));
process.env["NODE_COMPILE_CACHE"] = compiled;
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

exercise(
  "sqlite",
  async (options) => {
    const folder = await mkdtemp(path.join(tmpdir(), "stem-contract-"));
    const url = `sqlite:${path.join(folder, "stem.db")}`;
    return {
      open: () => openStore(url, { ...options, log: silent }),
      remove: () => rm(folder, { recursive: true }),
    };
  },
  {
    model: { runs: 300, canReopen: true },
    skips: [],
  },
);
