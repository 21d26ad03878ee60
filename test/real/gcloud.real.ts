import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readRange } from "../../src/storage/read-range.ts";
import { startFakeGcs } from "../../src/testing/fake-gcs/index.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { openGcs } from "../support/open-gcs.ts";
import { runTool, skipWithout } from "../support/run-tool.ts";

/** Bytes that look like the ends of lines and parts, and more than one line's worth of them. */
const bytes = Buffer.alloc(300_000, "xyz\r\n\n--");

test("gcloud stores, lists and fetches on our fake, and is refused with a wrong token", {
  skip: skipWithout("gcloud"),
}, async () => {
  const server = await startFakeGcs({
    buckets: [{ name: "models", publicRead: true }],
    tokens: [{ token: "good", email: "tester@example.com" }],
  });
  const directory = await mkdtemp(join(tmpdir(), "model-agent-gcloud-"));
  const gcloud = (token: string, ...args: readonly string[]) =>
    runTool("gcloud", ["storage", ...args], {
      CLOUDSDK_CONFIG: join(directory, "configuration"),
      CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${server.url}/storage/v1/`,
      CLOUDSDK_AUTH_ACCESS_TOKEN: token,
      CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "1",
      CLOUDSDK_CORE_PROJECT: "my-project",
    });
  const client = await openGcs("gs://models/", { env: { STORAGE_EMULATOR_HOST: server.url } });
  try {
    await writeFile(join(directory, "up.bin"), bytes);
    await gcloud("good", "cp", join(directory, "up.bin"), "gs://models/dir/up.bin");
    assert.match(await gcloud("good", "ls", "-r", "gs://models/"), /gs:\/\/models\/dir\/up\.bin/);
    await gcloud("good", "cp", "gs://models/dir/up.bin", join(directory, "down.bin"));
    assert.ok(bytes.equals(await readFile(join(directory, "down.bin"))));
    assert.ok(bytes.equals(await readRange(client, parseUri("gs://models/dir/up.bin"))));
    await assert.rejects(gcloud("wrong", "ls", "gs://models/"), /401/);
  } finally {
    await client.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
});
