import assert from "node:assert/strict";
import { test } from "node:test";
import { collect } from "../../../src/storage/collect.ts";
import { expectError } from "../../../src/testing/conformance/index.ts";
import type { RealServer, RunningServer } from "../servers/real-server.ts";
import { openReal, realBucket } from "./open-real.ts";

/** What a real server says to wrong keys, and what we make of it. */
export function registerRefusals(server: RealServer, running: RunningServer): void {
  const skip = server.departures["wrong keys"] ?? false;
  const place = { provider: "s3", bucket: realBucket, key: "" } as const;

  test(`${server.name}: wrong keys are refused as such, in listings and descriptions`, { skip }, async () => {
    for (const wrong of [{ secretAccessKey: "notthesecretkeyatall" }, { accessKeyId: "nobodyatall" }]) {
      const client = await openReal(server, running, { keys: { ...running.keys, ...wrong } });
      try {
        await expectError(() => collect(client.list(place)), "unauthenticated", "s3");
        await expectError(() => client.stat({ ...place, key: "file" }), "unauthenticated", "s3");
      } finally {
        await client.close();
      }
    }
  });

  test(`${server.name}: a missing bucket and a missing object are told apart`, async () => {
    const client = await openReal(server, running);
    try {
      const object = await expectError(() => client.stat({ ...place, key: "absent" }), "not_found", "s3");
      assert.match(object.detail, /no such object/);
      const missing = { ...place, bucket: "no-such-bucket-here", key: "absent" };
      const bucket = await expectError(() => client.stat(missing), "not_found", "s3");
      assert.match(bucket.detail, /bucket no-such-bucket-here does not exist/);
    } finally {
      await client.close();
    }
  });
}
