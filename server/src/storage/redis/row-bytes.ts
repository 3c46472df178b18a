import { stateCode } from "../sql/codes.ts";
import type { Unpacked } from "./msgpack.ts";
import { unpack } from "./msgpack.ts";
import {
  flags,
  type HeadField,
  headBytes,
  hotBytes,
  type RestField,
  restFields,
  seqDigits,
} from "./scripts/task-fields.ts";
import { listOf } from "./unpacked.ts";

/** Where the numbers of a row's head stand: scripts/task-fields.ts tells their forms. */
const bytesAt = { flags: 0, state: 1, reason: 2 } as const;
const uint32At = {
  revision: 3,
  attempt: 7,
  deliveries: 11,
  bytes: hotBytes,
  carried: hotBytes + 4,
} as const;
const doubleAt = {
  ...{ epoch: 15, fence: 23, settled: 31, timer: 39, endedAt: 47 },
  ...{ startedAt: hotBytes + 8, createdAt: hotBytes + 16, leaseMs: hotBytes + 24 },
} as const;
const workerBytesAt = headBytes - 2;

/** The texts of a row. */
export type RowTexts = {
  readonly id: Buffer;
  readonly queue: Buffer;
  readonly policy: Buffer;
  readonly hash: Buffer;
  /** Where what is packed begins, and where it ends. */
  readonly rest: readonly [from: number, to: number];
};

/** A number of a row's head; undefined: there is none. */
export function numberAt(row: Buffer, field: HeadField): number | undefined {
  if (field in bytesAt) return row.readUInt8(bytesAt[field as keyof typeof bytesAt]);
  if (field in uint32At) return row.readUInt32LE(uint32At[field as keyof typeof uint32At]);
  const value = row.readDoubleLE(doubleAt[field as keyof typeof doubleAt]);
  return value < 0 ? undefined : value;
}

/** Whether there is more of the task than its content. */
export const hasMore = (row: Buffer): boolean => (row.readUInt8(bytesAt.flags) & flags.more) !== 0;

/** The texts of a row, as views of it. */
export function textsIn(row: Buffer): RowTexts {
  let at = headBytes;
  const next = (lengthBytes: 2 | 4): Buffer => {
    const from = at + lengthBytes;
    at = from + row.readUIntLE(at, lengthBytes);
    return row.subarray(from, at);
  };
  const [member, queue, policy, hash] = [next(2), next(2), next(4), next(2)];
  return {
    ...{ id: member.subarray(seqDigits), queue, policy, hash },
    rest: [at, row.length - row.readUInt16LE(workerBytesAt)],
  };
}

/** What a claim needs of a row: the same as above, read where it stands, because there are hundreds in an answer. */
export type ClaimedRow = {
  readonly row: Buffer;
  readonly id: string;
  readonly queue: string;
  readonly policy: string;
  /** Where the two of them stand. */
  readonly sharedAt: readonly [from: number, to: number];
};

/** Reads it. Neighbours mostly have queue and policy in common, whose texts are then not made again. */
export function claimedIn(row: Buffer, before: ClaimedRow | undefined): ClaimedRow {
  const from = headBytes + 2 + row.readUInt16LE(headBytes);
  const id = row.toString("utf8", headBytes + 2 + seqDigits, from);
  const policyAt = from + 2 + row.readUInt16LE(from);
  const to = policyAt + 4 + row.readUInt32LE(policyAt);
  if (before !== undefined && row.compare(before.row, ...before.sharedAt, from, to) === 0)
    return { row, id, queue: before.queue, policy: before.policy, sharedAt: [from, to] };
  const [queue, policy] = [row.toString("utf8", from + 2, policyAt), row.toString("utf8", policyAt + 4, to)];
  return { row, id, queue, policy, sharedAt: [from, to] };
}

/** Who had the newest lease of a task that had one. */
export const workerIn = (row: Buffer): string =>
  row.toString("utf8", row.length - row.readUInt16LE(workerBytesAt));

/** What is packed behind the texts. */
export function restIn(row: Buffer, { rest: [from, to] }: RowTexts): (field: RestField) => Unpacked {
  const columns = listOf(unpack(row.subarray(from, to)));
  return (field) => columns[restPlaces[field]] ?? false;
}

const restPlaces = Object.fromEntries(restFields.map((name, place) => [name, place])) as Readonly<
  Record<RestField, number>
>;

/** The head of a row of a task that has just become ready, and the length of what follows in front of its queue. */
export function headOfNew(
  task: { readonly createdAt: number; readonly leaseMs: number | undefined; readonly bytes: number },
  memberBytes: number,
): Buffer {
  const head = Buffer.alloc(headBytes + 2);
  head[bytesAt.state] = stateCode.ready;
  for (const field of ["revision", "attempt"] as const) head.writeUInt32LE(1, uint32At[field]);
  for (const at of Object.values(doubleAt)) head.writeDoubleLE(-1, at);
  head.writeDoubleLE(task.createdAt, doubleAt.createdAt);
  head.writeDoubleLE(task.leaseMs ?? -1, doubleAt.leaseMs);
  head.writeUInt32LE(task.bytes, uint32At.bytes);
  head.writeUInt16LE(memberBytes, headBytes);
  return head;
}
