import { serversTogetherCases } from "../support/servers-together.ts";
import { redisTests } from "./shared-store.ts";

redisTests(serversTogetherCases);
