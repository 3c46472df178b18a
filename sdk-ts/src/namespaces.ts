import { timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import {
  QueueCreation as ProtoCreation,
  type Namespace as ProtoNamespace,
  type NamespaceSettings as ProtoSettings,
  NamespaceState as ProtoState,
  type NamespaceUse as ProtoUse,
} from "@stem/proto/stem/v1/namespace_pb";
import { NamespaceService } from "@stem/proto/stem/v1/namespace_service_pb";
import type { OperatorCalls } from "./operator-calls.ts";

/** active: it works. disabled: it takes no tasks and hands none out. deleting: the same, and it goes when the last lease has ended. */
export type NamespaceState = "active" | "disabled" | "deleting";

/** How much may be in a namespace; undefined: any number. */
export type NamespaceQuotas = {
  /** Queues. */
  readonly queues?: number | undefined;
  /** Tasks that have not ended, in all queues. */
  readonly backlogTasks?: number | undefined;
  /** Bytes of these tasks. */
  readonly backlogBytes?: number | undefined;
};

/** What operators say of a namespace. */
export type NamespaceSettings = {
  /** What it is for. Default: nothing. */
  readonly description: string;
  /** How much may be in it. Default: any number. */
  readonly quotas: NamespaceQuotas;
  /** Whether queues come with their first task, or have to be made; undefined: as the server says. Default: that. */
  readonly queueCreation: "on-use" | "explicit" | undefined;
};

/** How much is in a namespace, at one moment. */
export type NamespaceUse = {
  readonly queues: number;
  readonly backlogTasks: number;
  /** Undefined while there is no quota for it. */
  readonly backlogBytes: number | undefined;
};

/** A namespace. */
export type NamespaceStatus = {
  readonly name: string;
  readonly settings: NamespaceSettings;
  readonly state: NamespaceState;
  /** Why it is disabled. */
  readonly disableReason: string;
  readonly createdAt: Date | undefined;
  /** Rises with every change. */
  readonly revision: number;
  /** Whether the server's configuration lists it, so that it cannot be deleted. */
  readonly isConfigured: boolean;
};

/** What operators do with namespaces, whichever the client's own is. */
export interface Namespaces {
  /** All namespaces by name, read page by page as they are asked for. */
  list(): AsyncIterable<NamespaceStatus>;
  /** One, with how much is in it; NAMESPACE_UNKNOWN where there is none. */
  get(namespace: string): Promise<NamespaceStatus & { readonly use: NamespaceUse }>;
  /** Makes a namespace; harmless where it is there with the same settings, else NAMESPACE_EXISTS. */
  create(namespace: string, settings?: Partial<NamespaceSettings>): Promise<NamespaceStatus>;
  /** Changes the settings that are given, `undefined` included; with `revision`, only at that: REVISION_CONFLICT. */
  update(
    namespace: string,
    settings: Partial<NamespaceSettings>,
    options?: { readonly revision?: number },
  ): Promise<NamespaceStatus>;
  /** It takes no tasks and hands none out; what runs may end. */
  disable(namespace: string, reason?: string): Promise<NamespaceStatus>;
  /** It works again. */
  enable(namespace: string): Promise<NamespaceStatus>;
  /**
   * Deletes a namespace with all that is in it; NAMESPACE_IN_USE while tasks are in it that have not ended, unless forced. Answers how many
   * these were: those that wait are cancelled, those that workers have may end, and then it is gone.
   */
  delete(namespace: string, options?: { readonly force?: boolean }): Promise<number>;
}

const pageSize = 100;

/** Makes them over one connection. */
export function createNamespaces({ transport, timed, call }: OperatorCalls): Namespaces {
  const service = createClient(NamespaceService, transport);
  return {
    async *list() {
      let pageToken = "";
      do {
        const page = await call(() => service.listNamespaces({ pageSize, pageToken }, timed));
        for (const namespace of page.namespaces) yield namespaceFromProto(namespace);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    async get(namespace) {
      const answer = await call(() => service.getNamespace({ namespace }, timed));
      return { ...statusOf(answer), use: useFromProto(answer.use) };
    },
    create: async (namespace, settings = {}) =>
      statusOf(await call(() => service.createNamespace({ namespace, settings: toProto(settings) }, timed))),
    async update(namespace, settings, { revision } = {}) {
      const updateMask = {
        paths: Object.keys(settings).map((key) => maskPaths[key as keyof NamespaceSettings]),
      };
      const expected = revision === undefined ? {} : { expectedRevision: BigInt(revision) };
      const asked = { namespace, settings: toProto(settings), updateMask, ...expected };
      return statusOf(await call(() => service.updateNamespace(asked, timed)));
    },
    disable: async (namespace, reason = "") =>
      statusOf(await call(() => service.disableNamespace({ namespace, reason }, timed))),
    enable: async (namespace) => statusOf(await call(() => service.enableNamespace({ namespace }, timed))),
    async delete(namespace, { force = false } = {}) {
      return Number((await call(() => service.deleteNamespace({ namespace, force }, timed))).backlogTasks);
    },
  };
}

const maskPaths: { readonly [K in keyof NamespaceSettings]: string } = {
  description: "description",
  quotas: "quotas",
  queueCreation: "queue_creation",
};

const toProto = ({ description, quotas = {}, queueCreation }: Partial<NamespaceSettings>) => {
  const { queues, backlogTasks, backlogBytes } = quotas;
  return {
    ...(description !== undefined && { description }),
    quotas: {
      ...(queues !== undefined && { queues }),
      ...(backlogTasks !== undefined && { backlogTasks: BigInt(backlogTasks) }),
      ...(backlogBytes !== undefined && { backlogBytes: BigInt(backlogBytes) }),
    },
    ...(queueCreation && {
      queueCreation: queueCreation === "explicit" ? ProtoCreation.EXPLICIT : ProtoCreation.ON_USE,
    }),
  };
};

function statusOf({ namespace }: { readonly namespace?: ProtoNamespace | undefined }): NamespaceStatus {
  if (namespace === undefined) throw new Error("the server answered without the namespace");
  return namespaceFromProto(namespace);
}

function namespaceFromProto(namespace: ProtoNamespace): NamespaceStatus {
  const { name, settings, state, disableReason, createTime, revision, configured } = namespace;
  return {
    ...{ name, disableReason, isConfigured: configured },
    settings: settingsFromProto(settings),
    state: state === ProtoState.DISABLED ? "disabled" : state === ProtoState.DELETING ? "deleting" : "active",
    createdAt: createTime && timestampDate(createTime),
    revision: Number(revision),
  };
}

function settingsFromProto(settings: ProtoSettings | undefined): NamespaceSettings {
  const { queues, backlogTasks, backlogBytes } = settings?.quotas ?? {};
  const creation = settings?.queueCreation ?? ProtoCreation.UNSPECIFIED;
  return {
    description: settings?.description ?? "",
    quotas: {
      queues,
      backlogTasks: backlogTasks === undefined ? undefined : Number(backlogTasks),
      backlogBytes: backlogBytes === undefined ? undefined : Number(backlogBytes),
    },
    queueCreation:
      creation === ProtoCreation.UNSPECIFIED
        ? undefined
        : creation === ProtoCreation.EXPLICIT
          ? "explicit"
          : "on-use",
  };
}

const useFromProto = (use: ProtoUse | undefined): NamespaceUse => ({
  queues: use?.queues ?? 0,
  backlogTasks: Number(use?.backlogTasks ?? 0),
  backlogBytes: use?.backlogBytes === undefined ? undefined : Number(use.backlogBytes),
});
