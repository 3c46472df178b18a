import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { Code } from "@stem/proto/google/rpc/code_pb";
import type { Certificates, Identity } from "./certificates.ts";

/** Calls a server as grpc-js does, with this certificate, or none, and this token, or none; answers the code that it ended with. */
export async function listQueues(
  { url, certificates }: { readonly url: string; readonly certificates: Certificates },
  shown?: Identity,
  token?: string,
): Promise<Code> {
  const buffer = (pem: string | undefined): Buffer | null => (pem === undefined ? null : Buffer.from(pem));
  const ca = Buffer.from(certificates.authority.cert);
  // By its name: a certificate is shown by name, and none is for an address.
  const at = `localhost:${new URL(url).port}`;
  const client = new Client(at, credentials.createSsl(ca, buffer(shown?.key), buffer(shown?.cert)));
  const metadata = new Metadata();
  if (token) metadata.set("authorization", `Bearer ${token}`);
  const bytes = (message: Buffer): Buffer => message;
  const path = "/stem.v1.QueueService/ListQueues";
  const code = await new Promise<Code>((resolve) => {
    const done = (error: ServiceError | null): void => resolve(error?.code ?? Code.OK);
    client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), metadata, done);
  });
  client.close();
  return code;
}
