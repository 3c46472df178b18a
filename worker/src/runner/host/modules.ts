import type { Implementation, Registry } from "../../registry.ts";
import { isRunHere } from "../../registry.ts";

const loaded = new Map<string, Promise<Registry>>();

/** The handlers that a module exports: each by itself, in arrays, or in task modules. Loaded once. */
export function loadModule(href: string): Promise<Registry> {
  const loading = loaded.get(href) ?? import(href).then(handlersOf);
  loaded.set(href, loading);
  return loading;
}

function handlersOf(exports: Readonly<Record<string, unknown>>): Registry {
  const registry = new Map<string, Implementation>();
  for (const value of Object.values(exports).flatMap(unbundled))
    if (isRunHere(value)) registry.set(value.task.name, value);
  return registry;
}

const unbundled = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value.flatMap(unbundled);
  const isBundle = typeof value === "object" && value !== null && "tasks" in value && !("task" in value);
  return isBundle ? unbundled(value.tasks) : [value];
};
