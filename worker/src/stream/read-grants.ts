/**
 * Grants on their way in, read by hand: the generated codec makes three times the objects, and takes four times as long, for what is
 * most of what a worker's loop does besides the handlers. What a task carries beyond its name, JSON arguments and family is left to that codec.
 */

import { fromBinary } from "@bufbuild/protobuf";
import { type Grant, GrantSchema } from "@stem/proto/stem/v1/lease_pb";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import { type Fence, FenceSchema, type NewTask, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { type Grants, GrantsSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { WireCursor } from "@stem/proto/wire/wire-cursor";

/** Reads a Grants message, without the times at which its tasks were created. */
export function readGrants(bytes: Uint8Array): Grants {
  const cursor = new WireCursor(bytes);
  const grants: Grant[] = [];
  let firstSeq = 0;
  while (cursor.at < bytes.length) {
    const tag = cursor.varint();
    if (tag === 8) firstSeq = cursor.varint();
    else if (tag === 18) grants.push(readGrant(cursor, cursor.end()));
    else return fromBinary(GrantsSchema, bytes);
  }
  return { $typeName: "stem.v1.Grants", firstSeq: BigInt(firstSeq), grants };
}

/** The names of the fields are in the proto; a tag is eight times its number, plus two where a length follows. */
function readGrant(cursor: WireCursor, end: number): Grant {
  const start = cursor.at;
  const grant: Grant = {
    $typeName: "stem.v1.Grant",
    leaseToken: none,
    taskId: "",
    queue: "",
    attempt: 0,
    maxAttempts: 0,
    delivery: 0,
  };
  while (cursor.at < end) {
    switch (cursor.varint()) {
      case 10:
        grant.leaseToken = cursor.bytes();
        break;
      case 18:
        grant.taskId = cursor.text();
        break;
      case 26:
        grant.queue = cursor.text();
        break;
      case 34:
        grant.task = readTask(cursor, cursor.end());
        break;
      case 42:
        grant.fence = readFence(cursor, cursor.end());
        break;
      case 48:
        grant.attempt = cursor.varint();
        break;
      case 56:
        grant.maxAttempts = cursor.varint();
        break;
      case 64:
        grant.delivery = cursor.varint();
        break;
      case 82:
        cursor.at = cursor.end();
        break;
      default:
        return fromBinary(GrantSchema, cursor.view(start, end));
    }
  }
  return grant;
}

function readTask(cursor: WireCursor, end: number): NewTask {
  const start = cursor.at;
  const task: NewTask = { $typeName: "stem.v1.NewTask", name: "", headers: {}, tags: [], metadata: {} };
  while (cursor.at < end) {
    const tag = cursor.varint();
    if (tag === 18) task.name = cursor.text();
    else if (tag === 98) task.parentId = cursor.text();
    else if (tag === 106) task.rootId = cursor.text();
    else if (tag !== 26 || !readJson(cursor, cursor.end(), task))
      return fromBinary(NewTaskSchema, cursor.view(start, end));
  }
  return task;
}

/** Reads arguments that are JSON and nothing else; false when they are not. */
function readJson(cursor: WireCursor, end: number, task: NewTask): boolean {
  if (cursor.at === end || cursor.varint() !== 10) return false;
  const data: Payload["data"] = { case: "json", value: cursor.text() };
  task.args = { $typeName: "stem.v1.Payload", data, contentType: "", encoding: {} };
  return cursor.at === end;
}

function readFence(cursor: WireCursor, end: number): Fence {
  const start = cursor.at;
  let [epoch, seq] = [0, 0];
  while (cursor.at < end) {
    const tag = cursor.varint();
    if (tag === 8) epoch = cursor.varint();
    else if (tag === 16) seq = cursor.varint();
    else return fromBinary(FenceSchema, cursor.view(start, end));
  }
  return { $typeName: "stem.v1.Fence", epoch: BigInt(epoch), seq: BigInt(seq) };
}

const none = new Uint8Array(0);
