/** A process that delivers one model, to be killed or raced against another one. */

import { deliver } from "../../../src/delivery/deliver.ts";
import { toStorageError } from "../../../src/errors.ts";

/** What the process is told, as JSON in its first argument. */
export interface DeliverTask {
  readonly storageUri: string;
  readonly destination: string;
  readonly wait?: boolean;
  readonly maxConnections?: number;
}

const { storageUri, ...request } = JSON.parse(process.argv[2] ?? "") as DeliverTask;
try {
  const { fetchedBytes, resumedBytes, reusedBytes, unchanged } = await deliver({
    ...request,
    source: { storageUri, env: {} },
  });
  process.stdout.write(`${JSON.stringify({ fetchedBytes, resumedBytes, reusedBytes, unchanged })}\n`);
} catch (error) {
  const { code, message } = toStorageError(error, "deliver");
  process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
  process.exitCode = 1;
}
