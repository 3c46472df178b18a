/**
 * grpc.reflection v1 and v1alpha from protobuf-es descriptors, so that grpcurl and `buf curl` need no schema. An answer carries the
 * file asked for and all it imports: clients that ask for one symbol get everything that it takes to use it.
 */

import { create, type DescFile, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@stem/proto/google/rpc/code_pb";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
  type ServerReflection as V1,
} from "@stem/proto/grpc/reflection/v1/reflection_pb";
import {
  type ServerReflection as V1Alpha,
  ServerReflectionRequestSchema as V1AlphaRequestSchema,
  ServerReflectionResponseSchema as V1AlphaResponseSchema,
} from "@stem/proto/grpc/reflection/v1alpha/reflection_pb";
import { Encoded, type Handlers } from "../call.ts";
import { type DescriptorIndex, withImports } from "./descriptor-index.ts";

type Answer = MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"] & {};

/** Serves grpc.reflection.v1. */
export const createReflectionService = (index: DescriptorIndex): Handlers<typeof V1> => ({
  async *serverReflectionInfo(requests) {
    for await (const request of requests) yield respond(request, index);
  },
});

/** Serves grpc.reflection.v1alpha, which older clients ask for. */
export const createReflectionAlphaService = (index: DescriptorIndex): Handlers<typeof V1Alpha> => ({
  async *serverReflectionInfo(requests) {
    for await (const request of requests) {
      // Both versions have the same fields under the same numbers: the bytes of one are the bytes of the other.
      const same = fromBinary(ServerReflectionRequestSchema, toBinary(V1AlphaRequestSchema, request));
      const bytes = toBinary(ServerReflectionResponseSchema, respond(same, index));
      yield new Encoded(V1AlphaResponseSchema, bytes);
    }
  },
});

const respond = (request: ServerReflectionRequest, index: DescriptorIndex): ServerReflectionResponse =>
  create(ServerReflectionResponseSchema, {
    validHost: request.host,
    originalRequest: request,
    messageResponse: answer(request.messageRequest, index),
  });

function answer(question: ServerReflectionRequest["messageRequest"], index: DescriptorIndex): Answer {
  switch (question.case) {
    case "listServices": {
      const service = index.serviceNames.map((name) => ({ name }));
      return { case: "listServicesResponse", value: { service } };
    }
    case "fileByFilename":
      return files(index.fileByName(question.value));
    case "fileContainingSymbol":
      return files(index.fileBySymbol(question.value));
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      return files(index.fileByExtension(containingType, extensionNumber));
    }
    case "allExtensionNumbersOfType": {
      const numbers = index.extensionNumbers(question.value);
      if (!numbers) return notFound;
      const value = { baseTypeName: question.value, extensionNumber: [...numbers] };
      return { case: "allExtensionNumbersResponse", value };
    }
    case undefined:
      return failure(Code.INVALID_ARGUMENT, "the request asks nothing");
  }
}

const failure = (errorCode: Code, errorMessage: string): Answer => ({
  case: "errorResponse",
  value: { errorCode, errorMessage },
});

const notFound = failure(Code.NOT_FOUND, "not found");

function files(root: DescFile | undefined): Answer {
  if (!root) return notFound;
  const fileDescriptorProto = withImports([root]).map((file) =>
    toBinary(FileDescriptorProtoSchema, file.proto),
  );
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}
