import { after, test } from "node:test";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { sdkS3Client } from "../../support/sdk-s3-client.ts";
import { type RealServer, type RunningServer, Unavailable } from "../servers/real-server.ts";
import { registerConformance } from "./conformance.ts";
import { registerInterop } from "./interop.ts";
import { registerManyKeys } from "./many-keys.ts";
import { realBucket } from "./open-real.ts";
import { registerRefusals } from "./refusals.ts";
import { registerVersions } from "./versions.ts";

/** Installing may take this long; what is not done by then is cached and skipped this time. */
const installLimitMs = 5 * 60_000;

/** Gets a real server and registers everything that is proven on it; one line says why when it cannot be had. */
export async function runRealSuite(server: RealServer): Promise<void> {
  const running = await startOrExplain(server);
  if (typeof running === "string") {
    test(server.name, { skip: running }, () => {});
    return;
  }
  console.log(`real server: ${running.description}`);
  after(() => running.stop());
  await createBucket(running);
  registerConformance(server, running);
  registerInterop(server, running);
  registerRefusals(server, running);
  registerVersions(server, running);
  registerManyKeys(server, running);
}

async function startOrExplain(server: RealServer): Promise<RunningServer | string> {
  try {
    return await server.start(installLimitMs);
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

async function createBucket(running: RunningServer): Promise<void> {
  const sdk = sdkS3Client(running.url, { credentials: { ...running.keys }, maxAttempts: 5 });
  await sdk.send(new CreateBucketCommand({ Bucket: realBucket }));
  sdk.destroy();
}
