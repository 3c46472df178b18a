/**
 * @stem/server: the server inside a program of yours. Begin with `createServer` (embedded.ts). `startServer` (main.ts) is what the
 * command `stem-server` does with a configuration.
 */

export { type Config, ConfigError, type ConfigInput, createConfig } from "./config/config.ts";
export {
  createServer,
  type Server,
  type ServerClock,
  type ServerLog,
  type ServerOptions,
} from "./embedded.ts";
export { type Address, type Parts, type RunningServer, StartError, startServer } from "./main.ts";
export type { Store } from "./ports/store.ts";
