/** The thread that writes: takes all requests that wait, commits them together, answers them, and looks again. */

import { workerData } from "node:worker_threads";
import type { WriterOptions } from "../writer.ts";
import { serve } from "./serve.ts";
import { openWriterService } from "./writer-service.ts";

serve({ open: () => openWriterService(workerData as WriterOptions), itemsMax: 2000 });
