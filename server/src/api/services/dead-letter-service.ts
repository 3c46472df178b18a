import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import {
  DeadLetterService,
  GetDeadLetterResponseSchema,
  type ListDeadLettersRequest,
  ListDeadLettersRequestSchema,
  ListDeadLettersResponseSchema,
  PurgeDeadLettersRequestSchema,
  PurgeDeadLettersResponseSchema,
  type ReplayDeadLettersRequest,
  ReplayDeadLettersRequestSchema,
  ReplayDeadLettersResponseSchema,
} from "@stem/proto/stem/v1/dead_letter_service_pb";
import { TaskView } from "@stem/proto/stem/v1/task_service_pb";
import type { ReplayEdit, TaskBatch } from "../../broker/broker.ts";
import { taskIdOf } from "../../model/ids.ts";
import { type ServiceEntry, serve } from "../call.ts";
import {
  deadLetterFilterOf,
  deadLetterQuestion,
  deadLetterToProto,
  deedFilterOf,
} from "../convert/dead-letter.ts";
import { type PageQuestion, pageSizeOf } from "../convert/page-token.ts";
import { replayEditOf } from "../convert/task-edit.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { fittingPage } from "./fitting-page.ts";

type DeadLetterDeps = Pick<ServiceDeps, "broker" | "clock" | "limits" | "namespaces" | "pageTokens">;

/** Serves operators of failed tasks. */
export function createDeadLetterService(deps: DeadLetterDeps): ServiceEntry {
  const { broker, clock, limits, namespaces, pageTokens } = deps;
  return serve(DeadLetterService, {
    listDeadLetters: (request) => listDeadLetters(request, deps),
    async getDeadLetter(request) {
      const ref = { namespace: namespaces(request.namespace), id: taskIdOf(request.taskId) };
      const { attempts, ...letter } = await broker.getDeadLetter(ref);
      return create(GetDeadLetterResponseSchema, { deadLetter: deadLetterToProto(letter, true, attempts) });
    },
    async replayDeadLetters(request) {
      const { batch, question } = deedOf(ReplayDeadLettersRequestSchema, request, deps);
      const edit: ReplayEdit = replayEditOf(request, { now: clock.now(), limits });
      const { replayed, cursor } = await broker.replayDeadLetters(batch, edit);
      return create(ReplayDeadLettersResponseSchema, {
        replayed: replayed.map(({ taskId, newTaskId, isNew }) => ({
          ...{ taskId, newTaskId, alreadyReplayed: !isNew },
        })),
        nextPageToken: pageTokens.sign(question, cursor?.toString()),
      });
    },
    async purgeDeadLetters(request) {
      const { batch, question } = deedOf(PurgeDeadLettersRequestSchema, request, deps);
      const { changed, cursor } = await broker.purgeDeadLetters(batch);
      return create(PurgeDeadLettersResponseSchema, {
        purgedCount: BigInt(changed),
        nextPageToken: pageTokens.sign(question, cursor?.toString()),
      });
    },
  });
}

async function listDeadLetters(
  request: ListDeadLettersRequest,
  { broker, limits, namespaces, pageTokens }: DeadLetterDeps,
) {
  const namespace = namespaces(request.namespace);
  const question = deadLetterQuestion(ListDeadLettersRequestSchema, request, namespace);
  const { ids: _, ...filter } = deadLetterFilterOf(request.filter, namespace);
  const query = {
    ...filter,
    ...{ after: cursorOf(pageTokens.read(question, request.pageToken)), bytesMax: limits.frameBytesMax },
    scanMax: limits.scannedTasksMax,
    full: true,
  };
  const withArgs = request.view === TaskView.FULL;
  return fittingPage(
    ListDeadLettersResponseSchema,
    {
      read: (limit) => broker.listDeadLetters({ ...query, limit }),
      encode: ({ letters, cursor }) =>
        toBinary(
          ListDeadLettersResponseSchema,
          create(ListDeadLettersResponseSchema, {
            deadLetters: letters.map((letter) => deadLetterToProto(letter, withArgs)),
            nextPageToken: pageTokens.sign(question, cursor?.toString()),
          }),
        ),
      sizeOf: ({ letters }) => letters.length,
    },
    { limit: pageSizeOf(request.pageSize, limits), bytesMax: limits.frameBytesMax },
  );
}

type DeedRequest = Message &
  Pick<ReplayDeadLettersRequest, "limit" | "pageToken" | "dryRun"> & {
    readonly namespace?: string | undefined;
    readonly filter?: ReplayDeadLettersRequest["filter"] | undefined;
  };

/** What a request that does something asks of the broker, and what its page tokens belong to. */
function deedOf(
  schema: DescMessage,
  request: DeedRequest,
  { limits, namespaces, pageTokens }: DeadLetterDeps,
): { readonly batch: TaskBatch; readonly question: PageQuestion } {
  const namespace = namespaces(request.namespace);
  const question = deadLetterQuestion(schema, request, namespace);
  const limit = request.limit === 0 ? limits.pageSizeMax : Math.min(request.limit, limits.operationTasksMax);
  const batch = {
    filter: deedFilterOf(request.filter, namespace),
    limit,
    after: cursorOf(pageTokens.read(question, request.pageToken)),
    dryRun: request.dryRun,
  };
  return { batch, question };
}

const cursorOf = (cursor: string | undefined): number | undefined =>
  cursor === undefined ? undefined : Number(cursor);
