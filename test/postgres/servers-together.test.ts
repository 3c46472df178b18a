import { serversTogetherCases } from "../support/servers-together.ts";
import { postgresTests } from "./shared-store.ts";

postgresTests(serversTogetherCases);
