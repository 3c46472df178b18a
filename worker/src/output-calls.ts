import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import type { StemClient } from "@stem/sdk";
import { isPayloadWithin } from "@stem/sdk/internal";
import type { ContextCalls } from "./context.ts";
import type { Streams } from "./stream/streams.ts";

/** What putting out leans on. */
export type OutputParts = { readonly client: () => StemClient; readonly streams: () => Streams };

/** What contexts put out and make known. */
export function createOutputCalls({
  client,
  streams,
}: OutputParts): Pick<ContextCalls, "keepLine" | "write" | "emit"> {
  return {
    keepLine(lease, { level, text, facts }) {
      const { output, session } = streams();
      const { outputBytesMax } = session.terms;
      if (outputBytesMax === 0) return;
      const payload = facts === undefined ? undefined : jsonPayload(facts);
      const fitting = isPayloadWithin(payload, outputBytesMax) ? payload : jsonPayload('{"tooLarge":true}');
      const value = {
        $typeName: "stem.v1.LogLine" as const,
        level,
        text,
        ...(fitting && { facts: fitting }),
      };
      output.add(lease, { case: "log", value });
    },
    async write(lease, chunk) {
      const { output, session } = streams();
      const { outputBytesMax } = session.terms;
      if (outputBytesMax === 0) throw new Error("this server keeps no output");
      if (!isPayloadWithin(chunk, outputBytesMax))
        throw new RangeError(`a chunk may have at most ${outputBytesMax} bytes`);
      await new Promise<void>((kept, refused) => {
        output.add(lease, { case: "chunk", value: chunk }, { kept, refused });
      });
    },
    emit: (_, { queue, name, payload, options }) => client().queueEvents.emit(queue, name, payload, options),
  };
}

const jsonPayload = (value: string): Payload => ({
  $typeName: "stem.v1.Payload",
  data: { case: "json", value },
  contentType: "",
  encoding: {},
});
