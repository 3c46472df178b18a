import type { Duplex } from "node:stream";

/** How a connection came to us, and whom TLS has shown to be at its other end. */
export type Arrival = {
  /** It came through TLS. */
  readonly isEncrypted: boolean;
  /** It was made inside this process, and not by the port. */
  readonly isInProcess: boolean;
  /** The name in the client's certificate, which was checked; undefined: it showed none. */
  readonly certificate: string | undefined;
};

/** Through the port, without TLS. */
export const plainArrival: Arrival = { isEncrypted: false, isInProcess: false, certificate: undefined };
/** Put in by the program that holds the server. */
export const inProcessArrival: Arrival = { ...plainArrival, isInProcess: true };

const arrivals = new WeakMap<object, Arrival>();

/** Notes how a connection came. */
export const noteArrival = (connection: Duplex, arrival: Arrival): void =>
  void arrivals.set(connection, arrival);

/** How it came; what nobody has noted is trusted with nothing. */
export const arrivalOf = (connection: Duplex): Arrival => arrivals.get(connection) ?? plainArrival;
