import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { printProtoFile } from "./print-proto-file.ts";

/** The import path of each third-party proto, and where its package keeps it. */
const sources: Readonly<Record<string, readonly [pkg: string, file: string]>> = {
  "google/rpc/code.proto": ["google-gax", "build/protos/google/rpc/code.proto"],
  "google/rpc/error_details.proto": ["google-gax", "build/protos/google/rpc/error_details.proto"],
  "google/rpc/status.proto": ["google-gax", "build/protos/google/rpc/status.proto"],
  "grpc/health/v1/health.proto": ["grpc-health-check", "proto/health/v1/health.proto"],
  "grpc/reflection/v1/reflection.proto": [
    "@grpc/reflection",
    "build/proto/grpc/reflection/v1/reflection.proto",
  ],
  "grpc/reflection/v1alpha/reflection.proto": [
    "@grpc/reflection",
    "build/proto/grpc/reflection/v1alpha/reflection.proto",
  ],
};

/** Fills `folder` with the protos that ours import or that the server also answers. They are not ours, so they are not committed. */
export function writeThirdPartyProtos(folder: string): void {
  for (const [name, [pkg, file]] of Object.entries(sources)) {
    copyFileSync(path.join(packageFolder(pkg), file), placeFor(folder, name));
  }
  // No package ships this one as text; protovalidate carries its descriptor.
  writeFileSync(
    placeFor(folder, "buf/validate/validate.proto"),
    printProtoFile(file_buf_validate_validate.proto),
  );
}

function placeFor(folder: string, name: string): string {
  const place = path.join(folder, name);
  mkdirSync(path.dirname(place), { recursive: true });
  return place;
}

/** The folder of an installed package, also of one whose `exports` hide its package.json. */
function packageFolder(pkg: string): string {
  const places = createRequire(import.meta.url).resolve.paths(pkg) ?? [];
  for (const place of places) {
    const folder = path.join(place, pkg);
    if (existsSync(path.join(folder, "package.json"))) return folder;
  }
  throw new Error(`package ${pkg} is not installed: run npm ci`);
}
