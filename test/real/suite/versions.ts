import assert from "node:assert/strict";
import { test } from "node:test";
import { CreateBucketCommand, PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { readRange } from "../../../src/storage/read-range.ts";
import { sdkS3Client } from "../../support/sdk-s3-client.ts";
import type { RealServer, RunningServer } from "../servers/real-server.ts";
import { openReal } from "./open-real.ts";

const bucket = "model-agent-test-versions";

/** A read that is pinned to a version gets that version, whatever happened since. */
export function registerVersions(server: RealServer, running: RunningServer): void {
  const skip = server.departures["versions"] ?? false;
  test(`${server.name}: a pinned read of a versioned object survives its replacement and deletion`, {
    skip,
  }, async () => {
    const sdk = sdkS3Client(running.url, { credentials: { ...running.keys } });
    await sdk.send(new CreateBucketCommand({ Bucket: bucket }));
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await sdk.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    sdk.destroy();
    const client = await openReal(server, running);
    const uri = { provider: "s3", bucket, key: "dir/file +%.bin" } as const;
    try {
      await client.put(uri, Buffer.from("the first version"));
      const pin = await client.stat(uri);
      assert.ok(pin.version !== undefined, "a version is told");
      await client.put(uri, Buffer.from("another one"));
      assert.equal((await readRange(client, uri, { pin })).toString(), "the first version");
      await client.delete(uri);
      assert.equal((await readRange(client, uri, { pin })).toString(), "the first version");
    } finally {
      await client.close();
    }
  });
}
