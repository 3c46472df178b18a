import { StemProblem } from "../../model/problem.ts";
import type { Durability, Store } from "../../ports/store.ts";
import { createKeptLogStore } from "./kept-log-store.ts";
import { unavailable } from "./problems.ts";
import { createCanvasStore } from "./store-canvases.ts";
import { createLockStore } from "./store-locks.ts";
import { askForQueues } from "./store-queues.ts";
import { createScheduleStore } from "./store-schedules.ts";
import type { ReaderThread, WriterThread } from "./threads/threads.ts";

/** What the store's calls go to. */
export type StoreParts = {
  readonly writer: WriterThread;
  readonly reader: ReaderThread;
  readonly durability: Durability;
  /** Names the one who hears what gates did. */
  readonly onGateNews: Store["onGateNews"];
  /** Whether the disk has too little room for anything new. */
  readonly isDiskLow: () => boolean;
  /** Whether the file can still be trusted. */
  readonly isBroken: () => boolean;
  /** Lets go of everything, after the last call. */
  readonly release: () => Promise<void>;
};

/** Makes the store that asks the two threads: writes of one, reads of the other. */
export function createStore({ writer, reader, durability, ...parts }: StoreParts): Store {
  let closed: Promise<void> | undefined;

  async function ask<T>(call: () => Promise<T>): Promise<T> {
    if (closed !== undefined || parts.isBroken()) throw unavailable();
    return call();
  }

  return {
    kind: "sqlite",
    durability,
    accept: (batch) =>
      ask(() => {
        if (parts.isDiskLow()) throw new StemProblem({ reason: "STORE_FULL" });
        return writer.call("accept", batch);
      }),
    claim: (want) => ask(() => writer.call("claim", want)),
    extend: (request) => ask(() => writer.call("extend", request)),
    settle: (settlements) => ask(() => writer.call("settle", settlements)),
    apply: (changes) => ask(() => writer.call("apply", changes)),
    edit: (edits) => ask(() => writer.call("edit", edits)),
    remove: (refs, now) => ask(() => writer.call("remove", refs, now)),
    noteReplays: (notes) => ask(() => writer.call("noteReplays", notes)),
    readAttempts: (ref) => ask(() => reader.call("readAttempts", ref)),
    readReplays: (refs) => ask(() => reader.call("readReplays", refs)),
    saveCheckpoints: (saves) => ask(() => writer.call("saveCheckpoints", saves)),
    expireOverdue: (now, limit) => ask(() => writer.call("expireOverdue", now, limit)),
    pruneOverfull: (now, limit) => ask(() => writer.call("pruneOverfull", now, limit)),
    setRetention: (ref, purgeAt) => ask(() => writer.call("setRetention", ref, purgeAt)),
    prune: (now, limit) => ask(() => writer.call("prune", now, limit)),
    revoke: (asked, now) => ask(() => writer.call("revoke", asked, now)),
    withdrawRevocations: (namespace, ids, now) =>
      ask(() => writer.call("withdrawRevocations", namespace, ids, now)),
    listRevocations: (page) => ask(() => reader.call("listRevocations", page)),
    putLimit: (limit) => ask(() => writer.call("putLimit", limit)),
    deleteLimit: (ref, now) => ask(() => writer.call("deleteLimit", ref, now)),
    setGatePause: (ref, pause, now) => ask(() => writer.call("setGatePause", ref, pause, now)),
    putWeight: (ref, weight, now) => ask(() => writer.call("putWeight", ref, weight, now)),
    listWeights: (ref, after, limit) => ask(() => reader.call("listWeights", ref, after, limit)),
    openGates: (now) => ask(() => writer.call("openGates", now)),
    onGateNews: parts.onGateNews,
    ...askForQueues({ writer, reader, ask }),
    truncateEvents: (before, bytesMax, limit) =>
      ask(() => writer.call("truncateEvents", before, bytesMax, limit)),
    swapMeta: (key, before, value) => ask(() => writer.call("swapMeta", key, before, value)),
    putMeta: (key, value) => ask(() => writer.call("putMeta", key, value)),
    read: (refs) => ask(() => reader.call("read", refs)),
    readHeads: (refs) => ask(() => reader.call("readHeads", refs)),
    list: (query) => ask(() => reader.call("list", query)),
    dueTasks: (now, limit) => ask(() => reader.call("dueTasks", now, limit)),
    expiredLeases: (now, limit) => ask(() => reader.call("expiredLeases", now, limit)),
    getLimit: (ref) => ask(() => reader.call("getLimit", ref)),
    readStanding: (ref, aheadMax) => ask(() => reader.call("readStanding", ref, aheadMax)),
    listLimits: (namespace, after, limit) => ask(() => reader.call("listLimits", namespace, after, limit)),
    readEvents: (after, limit) => ask(() => reader.call("readEvents", after, limit)),
    putDefinitions: (records) => ask(() => writer.call("putDefinitions", records)),
    removeDefinition: (namespace, name) => ask(() => writer.call("removeDefinition", namespace, name)),
    listDefinitions: (after, limit) => ask(() => reader.call("listDefinitions", after, limit)),
    ...createLockStore({ ask, writer, reader }),
    getClaim: (namespace, key, now) => ask(() => reader.call("getClaim", namespace, key, now)),
    listClaims: (page) => ask(() => reader.call("listClaims", page)),
    pruneClaims: (now, limit) => ask(() => writer.call("pruneClaims", now, limit)),
    ...createCanvasStore({ ask, writer, reader, isDiskLow: parts.isDiskLow }),
    ...createScheduleStore({ ask, writer, reader, isDiskLow: parts.isDiskLow }),
    ...createKeptLogStore({ ask, writer, reader, isDiskLow: parts.isDiskLow }),
    getMeta: (key) => ask(() => reader.call("getMeta", key)),
    close() {
      closed ??= parts.release();
      return closed;
    },
  };
}
