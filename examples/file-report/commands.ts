import pc from "picocolors";

/** Things to try against a running server, from another terminal. */
export function commandsFor(url: string, queue: string): string {
  const address = new URL(url).host;
  const json = `-H 'content-type: application/json'`;
  return [
    pc.bold("Try, in another terminal:"),
    `  curl -s ${url}/stem.v1.QueueService/GetQueue ${json} -d '{"queue":"${queue}"}'`,
    `  curl -s ${url}/stem.v1.TaskService/ListTasks ${json} -d '{"pageSize":2}'`,
    `  curl -s ${url}/stem.v1.TaskService/EnqueueTask ${json} -d '{"name":"mail.send","args":{"value":["you"]}}'`,
    `  grpcurl -plaintext ${address} list`,
    `  npx buf curl --protocol grpc --http2-prior-knowledge --list-methods ${url}`,
  ].join("\n");
}
