import { create } from "@bufbuild/protobuf";
import {
  QueueCreation as CreationMessage,
  type Namespace as NamespaceMessage,
  NamespaceSchema,
  NamespaceSettingsSchema,
  NamespaceUseSchema,
  type NamespaceSettings as SettingsMessage,
  NamespaceState as StateMessage,
  type NamespaceUse as UseMessage,
} from "@stem/proto/stem/v1/namespace_pb";
import type { UpdateNamespaceRequest } from "@stem/proto/stem/v1/namespace_service_pb";
import type { Limits } from "../../model/limits.ts";
import {
  type NamespaceRecord,
  type NamespaceSettings,
  type NamespaceState,
  type NamespaceUse,
  type QueueCreation,
  unsaidNamespace,
} from "../../model/namespace.ts";
import { fieldInvalid } from "../../model/problem.ts";
import { fieldsOf } from "./field-mask.ts";
import { timestampFromInstant } from "./time.ts";

const stateMessages: { readonly [S in NamespaceState]: StateMessage } = {
  active: StateMessage.ACTIVE,
  disabled: StateMessage.DISABLED,
  deleting: StateMessage.DELETING,
};

const creationMessages: { readonly [C in QueueCreation]: CreationMessage } = {
  on_use: CreationMessage.ON_USE,
  explicit: CreationMessage.EXPLICIT,
};

/** A namespace as callers see it. */
export const namespaceToProto = (
  { name, settings, state, reason, createdAt, revision }: NamespaceRecord,
  configured: boolean,
): NamespaceMessage =>
  create(NamespaceSchema, {
    ...{ name, settings: settingsToProto(settings), state: stateMessages[state], disableReason: reason },
    ...{ createTime: timestampFromInstant(createdAt), revision: BigInt(revision), configured },
  });

const settingsToProto = ({ description, quotas, queueCreation }: NamespaceSettings): SettingsMessage => {
  const { queues, backlogTasks, backlogBytes } = quotas;
  return create(NamespaceSettingsSchema, {
    description,
    quotas: {
      ...(queues !== undefined && { queues }),
      ...(backlogTasks !== undefined && { backlogTasks: BigInt(backlogTasks) }),
      ...(backlogBytes !== undefined && { backlogBytes: BigInt(backlogBytes) }),
    },
    queueCreation:
      queueCreation === undefined ? CreationMessage.UNSPECIFIED : creationMessages[queueCreation],
  });
};

/** What is in a namespace, as callers see it. */
export const useToProto = ({ queues, backlogTasks, backlogBytes }: NamespaceUse): UseMessage =>
  create(NamespaceUseSchema, {
    ...{ queues, backlogTasks: BigInt(backlogTasks) },
    ...(backlogBytes !== undefined && { backlogBytes: BigInt(backlogBytes) }),
  });

/** What a request says of a namespace; nothing: what is usual. FIELD_INVALID for a quota that could never be reached. */
export function namespaceSettings(said: SettingsMessage | undefined, limits: Limits): NamespaceSettings {
  if (said === undefined) return unsaidNamespace;
  const { queues, backlogTasks, backlogBytes } = said.quotas ?? {};
  const { queuesPerNamespaceMax: queuesMax } = limits;
  if (queues !== undefined && queues > queuesMax)
    throw fieldInvalid(
      "settings.quotas.queues",
      `must be at most ${queuesMax}, as many as the server allows`,
    );
  return {
    description: said.description,
    quotas: {
      queues,
      backlogTasks: backlogTasks === undefined ? undefined : Number(backlogTasks),
      backlogBytes: backlogBytes === undefined ? undefined : Number(backlogBytes),
    },
    queueCreation: creationOf(said.queueCreation),
  };
}

function creationOf(said: CreationMessage): QueueCreation | undefined {
  if (said === CreationMessage.UNSPECIFIED) return undefined;
  return said === CreationMessage.EXPLICIT ? "explicit" : "on_use";
}

const changeable = [
  "description",
  "queue_creation",
  "quotas",
  "quotas.queues",
  "quotas.backlog_tasks",
  "quotas.backlog_bytes",
] as const;

/** How an update changes settings: in the fields that its mask names. FIELD_INVALID where that is wrong. */
export function namespaceChange(
  { settings: said, updateMask }: UpdateNamespaceRequest,
  limits: Limits,
): (settings: NamespaceSettings) => NamespaceSettings {
  const fields = fieldsOf(updateMask, changeable);
  const next = namespaceSettings(said, limits);
  const isNamed = (field: (typeof changeable)[number]): boolean =>
    fields.has(field) || (field.startsWith("quotas.") && fields.has("quotas"));
  return ({ description, quotas, queueCreation }) => ({
    description: isNamed("description") ? next.description : description,
    queueCreation: isNamed("queue_creation") ? next.queueCreation : queueCreation,
    quotas: {
      queues: (isNamed("quotas.queues") ? next.quotas : quotas).queues,
      backlogTasks: (isNamed("quotas.backlog_tasks") ? next.quotas : quotas).backlogTasks,
      backlogBytes: (isNamed("quotas.backlog_bytes") ? next.quotas : quotas).backlogBytes,
    },
  });
}
