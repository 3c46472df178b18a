import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";

/** A wire between clients and a server that can be cut without either end being told. */
export type TcpProxy = {
  /** Where clients connect. */
  readonly port: number;
  /** How many bytes were sent into the cut, by both ends: proves that there was something to lose. */
  readonly withheldBytes: number;
  /** Connections that clients have made so far. */
  readonly connections: number;
  /** From now on nothing gets through and nothing is closed: both ends believe in a slow network. */
  cut(): void;
  /** Lets everything through again; what was sent meanwhile arrives late, or, with `reset`, every connection is closed. */
  heal(options?: { readonly reset: boolean }): void;
  close(): Promise<void>;
};

/** One direction of one connection. */
type Lane = { readonly deliver: () => void; readonly sockets: readonly [Socket, Socket] };

/** Starts a wire to a port of this machine. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let isCut = false;
  let withheldBytes = 0;
  let connections = 0;
  const lanes = new Set<Lane>();
  const server = net.createServer((client) => {
    connections += 1;
    const upstream = net.connect(targetPort, "127.0.0.1");
    join(client, upstream);
    join(upstream, client);
  });

  function join(from: Socket, to: Socket): void {
    const held: Buffer[] = [];
    let isOver = false;
    const deliver = (): void => {
      for (const chunk of held.splice(0)) to.write(chunk);
      if (isOver) to.destroy();
    };
    const lane: Lane = { deliver, sockets: [from, to] };
    lanes.add(lane);
    from.on("data", (chunk) => {
      if (isCut) withheldBytes += chunk.length;
      held.push(chunk);
      if (!isCut) deliver();
    });
    // A reset is told by "close", which follows.
    from.on("error", () => undefined);
    from.on("close", () => {
      isOver = true;
      if (!isCut) deliver();
      if (to.destroyed) lanes.delete(lane);
    });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const resetAll = (): void => {
    for (const { sockets } of lanes) for (const socket of sockets) socket.destroy();
    lanes.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get withheldBytes() {
      return withheldBytes;
    },
    get connections() {
      return connections;
    },
    cut: () => {
      isCut = true;
    },
    heal: ({ reset } = { reset: false }) => {
      isCut = false;
      if (reset) resetAll();
      else for (const { deliver } of lanes) deliver();
    },
    close: async () => {
      resetAll();
      server.close();
      await once(server, "close");
    },
  };
}
