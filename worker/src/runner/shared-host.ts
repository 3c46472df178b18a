import { toBinary } from "@bufbuild/protobuf";
import { GrantSchema } from "@stem/proto/stem/v1/lease_pb";
import type { HeldLease } from "../lease.ts";
import type { AttemptFromHost, AttemptToHost, HostRequest } from "./bridge/messages.ts";
import type { HostPool, HostRun } from "./host-pool.ts";

/** The worker's side of an attempt that runs in a host, alone or with others. */
export type HostGuest = {
  readonly lease: HeldLease;
  /** The host's module is loaded, and its handler begins. */
  started(): void;
  receive(message: AttemptFromHost): void;
  /** The host is gone before the attempt ended. */
  gone(error: unknown): void;
};

/** One host, as all that run in it share it. */
export class SharedHost {
  readonly #run: HostRun;
  readonly #guests: readonly HostGuest[];
  readonly #living: Set<HostGuest>;
  readonly #unwanted = new Set<HostGuest>();

  constructor(pool: HostPool, request: Omit<HostRequest, "grants">, guests: readonly HostGuest[]) {
    this.#guests = guests;
    this.#living = new Set(guests);
    const grants = guests.map(({ lease: { grant } }) =>
      toBinary(GrantSchema, { ...grant, leaseToken: new Uint8Array() }),
    );
    this.#run = pool.start(
      { ...request, grants },
      {
        onMessage: (message) => {
          if (message.kind === "started") for (const guest of guests) guest.started();
          else guests[message.at]?.receive(message);
        },
        onGone: (error) => {
          for (const guest of [...this.#living]) guest.gone(error);
        },
      },
    );
  }

  /** Says something to an attempt in it. */
  post(guest: HostGuest, message: AttemptToHost): void {
    this.#run.post({ ...message, at: this.#guests.indexOf(guest) });
  }

  /** Ends it, with all that runs in it. */
  kill(): void {
    this.#run.kill();
  }

  /** Nobody wants an attempt in it any more: it is ended when there is none in it that is wanted. */
  leave(guest: HostGuest): void {
    this.#unwanted.add(guest);
    this.#look();
  }

  /** An attempt in it has ended. */
  ended(guest: HostGuest): void {
    this.#living.delete(guest);
    this.#look();
  }

  #look(): void {
    if (this.#living.size > 0 && this.#living.isSubsetOf(this.#unwanted)) this.#run.kill();
  }
}
