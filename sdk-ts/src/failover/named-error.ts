import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "@stem/proto/google/rpc/error_details_pb";

/** A server that is of no use at the moment, and why. */
export type Useless = { readonly url: string; readonly why: string };

const codesOfLoss: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.Aborted,
  Code.Canceled,
  Code.Internal,
  Code.Unknown,
]);

/** Whether an error is what is left of a connection; whatever a server says itself has an ErrorInfo. */
export const isLostConnection = (error: ConnectError): boolean =>
  codesOfLoss.has(error.code) && error.findDetails(ErrorInfoSchema).length === 0;

/** The same error, saying of each server why it is of no use: `no server can be used: http://a:7836: connect ECONNREFUSED; …`. */
export function named(error: ConnectError, servers: readonly Useless[]): ConnectError {
  const words = servers.map(({ url, why }) => `${url}: ${why}`).join("; ");
  const isAmong = servers.some(({ why }) => why === error.rawMessage);
  return copyOf(error, isAmong ? words : `${error.rawMessage}: ${words}`);
}

/** The same error without a time at which to try again. */
export function withoutRetryInfo(error: ConnectError): ConnectError {
  const copy = copyOf(error, error.rawMessage);
  copy.details = error.details.filter((detail) =>
    "type" in detail ? detail.type !== RetryInfoSchema.typeName : detail.desc !== RetryInfoSchema,
  );
  return copy;
}

function copyOf(error: ConnectError, message: string): ConnectError {
  const copy = new ConnectError(message, error.code, error.metadata, undefined, error.cause);
  copy.details = error.details;
  return copy;
}
