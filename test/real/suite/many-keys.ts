import assert from "node:assert/strict";
import { test } from "node:test";
import { collect } from "../../../src/storage/collect.ts";
import type { RealServer, RunningServer } from "../servers/real-server.ts";
import { openReal, realBucket } from "./open-real.ts";

const count = 10_000;

/** More than ten pages of a listing. The objects stay: the server goes away with them. */
export function registerManyKeys(server: RealServer, running: RunningServer): void {
  const skip = server.departures["many keys"] ?? false;
  test(`${server.name}: ${count} keys are listed, each once`, { skip }, async () => {
    const client = await openReal(server, running);
    const prefix = { provider: "s3", bucket: realBucket, key: "many/" } as const;
    const keys = Array.from({ length: count }, (_, index) => `many/${String(index).padStart(5, "0")}`);
    const left = [...keys];
    const worker = async (): Promise<void> => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) {
        await client.put({ ...prefix, key }, new Uint8Array(0));
      }
    };
    await Promise.all(Array.from({ length: 32 }, worker));
    const found = (await collect(client.list(prefix))).map(({ key }) => key);
    await client.close();
    assert.deepEqual(found, keys);
  });
}
