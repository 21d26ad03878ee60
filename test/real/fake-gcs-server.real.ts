import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { gcsDigestAlgorithms } from "../../src/storage/providers/gcs/object-resource.ts";
import { readRange } from "../../src/storage/read-range.ts";
import { runStorageConformance } from "../../src/testing/conformance/index.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { rcloneGcsEnvironment } from "../support/gcs-tools.ts";
import { openGcs } from "../support/open-gcs.ts";
import { runTool, skipWithout } from "../support/run-tool.ts";
import { type RunningGcsServer, startFakeGcsServer } from "./servers/fake-gcs-server.ts";
import { Unavailable } from "./servers/real-server.ts";

const bucket = "model-agent-test";

const running = await startFakeGcsServer(5 * 60_000).catch((error: unknown) => {
  if (error instanceof Unavailable) return error.message;
  throw error;
});
if (typeof running === "string") test("fake-gcs-server", { skip: running }, () => {});
else await register(running);

async function register({ description, url, stop }: RunningGcsServer): Promise<void> {
  console.log(`real server: ${description}`);
  after(stop);
  const created = await fetch(`${url}/storage/v1/b?project=my-project`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: bucket }),
  });
  assert.equal(created.status, 200);
  const env = { STORAGE_EMULATOR_HOST: url };
  runStorageConformance({
    name: "fake-gcs-server",
    test,
    capabilities: {
      rangedReads: true,
      locates: true,
      orderedListing: true,
      delimiter: true,
      pinnedReads: true,
      digests: gcsDigestAlgorithms,
      writes: true,
    },
    missingPlace: parseUri("gs://no-such-bucket/"),
    limits: { objectCount: 1010, minPartSize: 256 * 1024 },
    open: async () => {
      const prefix = parseUri(`gs://${bucket}/${randomUUID()}/`);
      const client = await openGcs(prefix, { env });
      return { client, prefix, cleanup: () => client.close() };
    },
  });

  const names = ["with space.bin", "plus+percent%25.bin", "ünï/日本語-🦙.bin", "empty.bin", "large.bin"];
  const contentOf = (file: string) =>
    file === "empty.bin" ? Buffer.alloc(0) : Buffer.alloc(file === "large.bin" ? 9_000_000 : 1000, file);

  test("rclone reads what we uploaded, and we what it uploaded", { skip: skipWithout("rclone") }, async () => {
    const directory = await mkdtemp(join(tmpdir(), "model-agent-rclone-"));
    const rclone = rcloneGcsEnvironment(url);
    const client = await openGcs(`gs://${bucket}/`, { env });
    try {
      for (const file of names) {
        const path = join(directory, "up", file);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, contentOf(file));
        const uri = parseUri(`gs://${bucket}/ours/`);
        await client.put({ ...uri, key: `ours/${file}` } as typeof uri, contentOf(file), { partSize: 1024 * 1024 });
      }
      await runTool("rclone", ["copy", join(directory, "up"), `gcstest:${bucket}/theirs`], rclone);
      await runTool("rclone", ["copy", `gcstest:${bucket}/ours`, join(directory, "down")], rclone);
      for (const file of names) {
        const uri = { provider: "gcs", bucket, key: `theirs/${file}` } as const;
        assert.ok(contentOf(file).equals(await readRange(client, uri)), file);
        assert.ok(contentOf(file).equals(await readFile(join(directory, "down", file))), file);
      }
    } finally {
      await client.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
}
