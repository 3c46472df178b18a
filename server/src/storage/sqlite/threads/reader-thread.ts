/** The thread that reads, on a connection of its own, so that no question stands in the way of a commit. */

import { workerData } from "node:worker_threads";
import { openReaderService, type ReaderOptions } from "./reader-service.ts";
import { serve } from "./serve.ts";

serve({ open: () => openReaderService(workerData as ReaderOptions), itemsMax: 1 });
