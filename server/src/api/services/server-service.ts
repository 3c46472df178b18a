import { ServerService } from "@stem/proto/stem/v1/server_service_pb";
import { type ServiceEntry, serve } from "../call.ts";
import { type ServerInfo, serverInfoToProto } from "../convert/server-info.ts";

/** Serves what the server says of itself. */
export const createServerService = (info: ServerInfo): ServiceEntry =>
  serve(ServerService, {
    async getServerInfo() {
      return serverInfoToProto(info);
    },
  });
