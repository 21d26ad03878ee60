import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { generatedContent } from "../../../src/testing/content/index.ts";
import { startFakeS3 } from "../../../src/testing/fake-s3/index.ts";
import { runTool, skipWithout } from "../../support/run-tool.ts";
import { awsEnvironment, rcloneEnvironment } from "../../support/s3-tools.ts";
import { testKeys } from "../../support/sdk-s3-client.ts";

const server = await startFakeS3({ buckets: ["models"], credentials: [testKeys] });
const directory = await mkdtemp(join(tmpdir(), "fake-s3-clients-"));
after(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const content = generatedContent({ seed: 3, size: 20 * 1024 ** 2 });
const bytes = Buffer.alloc(content.size);
content.read(0, bytes);
const upload = join(directory, "upload.bin");
await writeFile(upload, bytes);

test("aws: uploads in parts, lists, reads back, is refused with a wrong key", {
  skip: skipWithout("aws"),
}, async () => {
  const env = awsEnvironment({ url: server.url });
  const key = "aws/odd name+%é.bin";
  await runTool("aws", ["s3", "cp", "--quiet", upload, `s3://models/${key}`], env);
  assert.deepEqual(server.objectBytes("models", key), bytes);
  assert.ok(server.counters.of("UploadPart").requests >= 2, "the upload was not multipart");
  const listing = await runTool("aws", ["s3api", "list-objects-v2", "--bucket", "models", "--prefix", "aws/"], env);
  const listed = (JSON.parse(listing) as { Contents: { Key: string; Size: number }[] }).Contents[0];
  assert.deepEqual([listed?.Key, listed?.Size], [key, bytes.length]);
  const download = join(directory, "aws.bin");
  await runTool("aws", ["s3", "cp", "--quiet", `s3://models/${key}`, download], env);
  assert.deepEqual(await readFile(download), bytes);
  const wrong = awsEnvironment({ url: server.url, secretAccessKey: "wrong" });
  await assert.rejects(runTool("aws", ["s3", "ls", "s3://models/"], wrong), /SignatureDoesNotMatch/);
});

test("rclone: copies in parts, lists, checks by hash, is refused with a wrong key", {
  skip: skipWithout("rclone"),
}, async () => {
  const env = rcloneEnvironment({ url: server.url });
  const key = "rclone/odd name+%é.bin";
  const parts = ["--s3-upload-cutoff", "8M", "--s3-chunk-size", "8M"];
  await runTool("rclone", ["copyto", upload, `s3test:models/${key}`, ...parts], env);
  assert.deepEqual(server.objectBytes("models", key), bytes);
  const listing = await runTool("rclone", ["lsjson", "--files-only", "s3test:models/rclone"], env);
  const listed = (JSON.parse(listing) as { Name: string; Size: number }[])[0];
  assert.deepEqual([listed?.Name, listed?.Size], ["odd name+%é.bin", bytes.length]);
  const download = join(directory, "rclone.bin");
  await runTool("rclone", ["copyto", `s3test:models/${key}`, download], env);
  assert.deepEqual(await readFile(download), bytes);
  const wrong = rcloneEnvironment({ url: server.url, secretAccessKey: "wrong" });
  await assert.rejects(runTool("rclone", ["lsd", "s3test:models/rclone"], wrong), /SignatureDoesNotMatch/);
});
