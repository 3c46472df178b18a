import { readFileSync } from "node:fs";

const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

const textOf = (field: "name" | "version"): string =>
  typeof manifest === "object" && manifest !== null && field in manifest
    ? String((manifest as Record<string, unknown>)[field])
    : "";

/** This package's name and version, as the worker greets with them. */
export const sdkVersion = `${textOf("name")} ${textOf("version")}`;
