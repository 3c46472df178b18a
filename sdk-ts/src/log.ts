/** Where the SDK and the worker say what operators should know. Shaped so that a pino logger is one. */
export type Logger = {
  debug(facts: object, text: string): void;
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
  /** A logger that adds facts to each line. Where it is left out, the worker's `ctx.log` adds them itself. */
  child?(facts: object): Logger;
};

const say = (): void => undefined;

/** Says nothing: the client's default, because its calls tell by themselves what went wrong. A worker has another (stderr-log.ts). */
export const silentLogger: Logger = { debug: say, info: say, warn: say, error: say };

/** A logger that adds `facts` to each line, whether or not the user's can do so itself. */
export function childLogger(log: Logger, facts: object): Logger {
  if (log.child) return log.child(facts);
  return {
    debug: (more, text) => log.debug({ ...facts, ...more }, text),
    info: (more, text) => log.info({ ...facts, ...more }, text),
    warn: (more, text) => log.warn({ ...facts, ...more }, text),
    error: (more, text) => log.error({ ...facts, ...more }, text),
  };
}
