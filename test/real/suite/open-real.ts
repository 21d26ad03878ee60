import type { WritableStorage } from "../../../src/storage/storage.ts";
import { openS3 } from "../../support/open-s3.ts";
import type { RealServer, RunningServer } from "../servers/real-server.ts";

/** Bucket in which everything is tested; made anew with every server. */
export const realBucket = "model-agent-test";

/** Opens the server as its users would. */
export function openReal(
  server: RealServer,
  running: RunningServer,
  options: { readonly keys?: RunningServer["keys"] } = {},
): Promise<WritableStorage> {
  const { parameters } = server;
  return openS3(running, `s3://${realBucket}/`, { parameters, keys: options.keys ?? running.keys });
}

/** Removes everything below a prefix. */
export async function removeAll(client: WritableStorage, prefix: string): Promise<void> {
  const uri = { provider: "s3", bucket: realBucket, key: prefix } as const;
  const keys: string[] = [];
  for await (const info of client.list(uri)) keys.push(info.key);
  const worker = async (): Promise<void> => {
    for (let key = keys.pop(); key !== undefined; key = keys.pop()) await client.delete({ ...uri, key });
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
