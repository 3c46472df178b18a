import { serversTogetherCases } from "../support/servers-together.ts";
import { redisTests } from "./shared-redis.ts";

redisTests(serversTogetherCases);
