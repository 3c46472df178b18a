import type { TaskStore } from "../../ports/task-store.ts";
import { accept, acceptTogether } from "./accept.ts";
import { apply } from "./apply.ts";
import type { Asking } from "./asking.ts";
import { claim } from "./claim.ts";
import { extend } from "./extend.ts";
import { list } from "./list.ts";
import { prune } from "./prune.ts";
import { dueTasks, expiredLeases, read, readHeads } from "./read.ts";
import { settle } from "./settle.ts";

/**
 * Tasks. A claim and an extension need not be on the disk when they are answered: what is lost of them with the power is superseded
 * by the epoch that the next connection begins with.
 */
export const createTaskStore = ({ lane, read: reading }: Asking): TaskStore => ({
  accept: ({ tasks, now, atomic }) =>
    atomic
      ? lane.call({}, (work) => acceptTogether(work, { tasks, now }))
      : lane.ask(
          accept,
          tasks.map((task) => ({ task, now })),
        ),
  claim: (want) => lane.claim((work) => claim(work, want)),
  extend: (request) => lane.call({ isDurable: false, mayBePassed: true }, (work) => extend(work, request)),
  settle: (settlements) => lane.ask(settle, settlements),
  apply: (changes) => lane.ask(apply, changes),
  prune: (now, limit) => lane.call({}, (work) => prune(work, now, limit)),
  read: (refs) => reading((db) => read(db, refs)),
  readHeads: (refs) => reading((db) => readHeads(db, refs)),
  list: (query) => reading((db) => list(db, query)),
  dueTasks: (now, limit) => reading((db) => dueTasks(db, now, limit)),
  expiredLeases: (now, limit) => reading((db) => expiredLeases(db, now, limit)),
});
