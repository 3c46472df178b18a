/** The names and ids of the domain, branded so that one cannot stand in for another. Checked where they enter (api/), trusted inside. */

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** A namespace: 1 to 63 lower-case letters, digits and inner hyphens. */
export type Namespace = Branded<string, "Namespace">;
/** A queue's name, unique in its namespace: 1 to 255 ASCII characters. */
export type QueueName = Branded<string, "QueueName">;
/** Which handler runs a task: 1 to 255 printable ASCII characters. */
export type TaskName = Branded<string, "TaskName">;
/** A task's id, unique in its namespace: 1 to 128 printable ASCII characters. */
export type TaskId = Branded<string, "TaskId">;
/** A canvas' id, unique in its namespace: 1 to 128 printable ASCII characters. */
export type CanvasId = Branded<string, "CanvasId">;
/** A barrier's id, unique in its namespace; that of a canvas' outermost one is the canvas'. */
export type BarrierId = Branded<string, "BarrierId">;
/** Names what follows a node of a canvas; unique in the canvas. */
export type PartId = Branded<string, "PartId">;
/** A lock's name, unique in its namespace: 1 to 255 printable ASCII characters. */
export type LockKey = Branded<string, "LockKey">;
/** A schedule's id, unique in its namespace. */
export type ScheduleId = Branded<string, "ScheduleId">;
/** Epoch milliseconds by the server's clock. */
export type Instant = Branded<number, "Instant">;

/** Names one task. */
export type TaskRef = { readonly namespace: Namespace; readonly id: TaskId };
/** Names one queue. */
export type QueueRef = { readonly namespace: Namespace; readonly queue: QueueName };

/** Names one barrier. */
export type BarrierRef = { readonly namespace: Namespace; readonly id: BarrierId };

/** Names one schedule. */
export type ScheduleRef = { readonly namespace: Namespace; readonly id: ScheduleId };

/** Names one lock. */
export type LockRef = { readonly namespace: Namespace; readonly key: LockKey };

/** Bytes whose meaning the holder does not know: an encoded payload, failure or task content. */
export type Bytes = Uint8Array;

export const namespaceOf = (text: string): Namespace => text as Namespace;
export const queueNameOf = (text: string): QueueName => text as QueueName;
export const taskNameOf = (text: string): TaskName => text as TaskName;
export const taskIdOf = (text: string): TaskId => text as TaskId;
export const canvasIdOf = (text: string): CanvasId => text as CanvasId;
export const barrierIdOf = (text: string): BarrierId => text as BarrierId;
/** The barrier that a canvas is. */
export const rootOf = (canvas: CanvasId): BarrierId => barrierIdOf(canvas);
export const partIdOf = (text: string): PartId => text as PartId;
export const lockKeyOf = (text: string): LockKey => text as LockKey;
export const scheduleIdOf = (text: string): ScheduleId => text as ScheduleId;
export const instantOf = (epochMs: number): Instant => epochMs as Instant;

/** `instant` moved by `ms`, which may be negative. */
export const plus = (instant: Instant, ms: number): Instant => (instant + ms) as Instant;

/** The namespace of a request that names none. */
export const defaultNamespace = namespaceOf("default");
