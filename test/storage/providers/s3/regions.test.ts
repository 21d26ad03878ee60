import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { collect } from "../../../../src/storage/collect.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import { expectError } from "../../../../src/testing/conformance/index.ts";
import { type FakeS3Request, S3Failure, startFakeS3 } from "../../../../src/testing/fake-s3/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openS3 } from "../../../support/open-s3.ts";
import { quickClock } from "../../../support/quick-clock.ts";
import { recordingLogger } from "../../../support/recording-logger.ts";
import { testKeys } from "../../../support/sdk-s3-client.ts";

const seen: FakeS3Request[] = [];
const server = await startFakeS3({
  buckets: ["home", { name: "abroad", region: "ap-southeast-2" }],
  credentials: [testKeys],
  onAnswer: ({ request }) => void seen.push(request),
});
after(() => server.close());
await server.putObject("abroad", "file", "content");
await server.putObject("home", "file", "content");
beforeEach(() => {
  seen.length = 0;
});

/** Amazon's rules on the test server: regions matter, and are discovered. */
const aws = { service: "aws", addressingStyle: "path" };
const regionsSigned = () =>
  seen.map(({ headers }) => /Credential=[^/]+\/\d+\/([^/]+)/.exec(headers.get("authorization") ?? "")?.[1]);

test("nothing names the region: the bucket is asked once, and everything then goes there", async () => {
  const logger = recordingLogger();
  const client = await openS3(server, "s3://abroad/", { parameters: aws, logger });
  const uri = parseUri("s3://abroad/file");
  await client.stat(uri);
  assert.equal((await collect(client.list(parseUri("s3://abroad/")))).length, 1);
  assert.equal((await readRange(client, uri)).toString(), "content");
  await client.close();
  assert.deepEqual(
    seen.map(({ operation }) => operation),
    ["HeadBucket", "HeadObject", "ListObjectsV2", "HeadObject", "GetObject"],
  );
  assert.deepEqual(regionsSigned().slice(0, 3), ["us-east-1", "ap-southeast-2", "ap-southeast-2"]);
  assert.ok(seen.at(-1)?.target.includes("%2Fap-southeast-2%2Fs3%2F"));
  assert.equal(logger.lines.filter(({ level }) => level === "warn").length, 0);
});

test("the region in the URI is used, not asked for", async () => {
  const client = await openS3(server, "s3://abroad@ap-southeast-2/file", {
    parameters: { ...aws, region: "eu-west-1" },
  });
  await client.stat(parseUri("s3://abroad@ap-southeast-2/file"));
  await client.close();
  assert.deepEqual(regionsSigned(), ["ap-southeast-2"]);
});

test("a wrong region is corrected once, with a warning, for requests of every kind", async () => {
  for (const wrong of ["us-east-1", "eu-west-1"]) {
    seen.length = 0;
    const logger = recordingLogger();
    const client = await openS3(server, "s3://abroad/", { parameters: { ...aws, region: wrong }, logger });
    const uri = parseUri("s3://abroad/file");
    await client.stat(uri);
    await client.stat(uri);
    const source = await client.locate(uri);
    assert.ok(source.kind === "http" && source.url.includes("%2Fap-southeast-2%2F"));
    await client.close();
    assert.deepEqual(regionsSigned(), [wrong, "ap-southeast-2", "ap-southeast-2"]);
    const warnings = logger.lines.filter(({ level }) => level === "warn");
    assert.deepEqual(
      warnings.map(({ fields }) => [fields["bucket"], fields["region"], fields["assumedRegion"]]),
      [["abroad", "ap-southeast-2", wrong]],
    );
  }
});

test("a region named in a URI is corrected, too", async () => {
  const client = await openS3(server, "s3://abroad@eu-west-1/file", { parameters: aws });
  assert.equal((await collect(client.list(parseUri("s3://abroad@eu-west-1/")))).length, 1);
  await client.close();
});

test("a service that keeps pointing elsewhere is an error, not a circle", async () => {
  let count = 0;
  const circling = await startFakeS3({
    buckets: ["home"],
    credentials: [testKeys],
    quirks: { anyRegion: true },
    intercept: () => {
      count += 1;
      const region = count % 2 === 0 ? "eu-west-1" : "eu-west-2";
      return new S3Failure(301, "PermanentRedirect", "elsewhere", { headers: { "x-amz-bucket-region": region } });
    },
  });
  const client = await openS3(circling, "s3://home/", { parameters: { ...aws, region: "us-east-1" } });
  const error = await expectError(() => collect(client.list(parseUri("s3://home/"))), "config_invalid", "s3");
  assert.match(error.message, /the bucket is in region eu-west-1/);
  assert.match(error.hint, /s3:\/\/\{bucket\}@eu-west-1\//);
  assert.equal(count, 2);
  await client.close();
  await circling.close();
});

test("the region of the profile in the configuration file is used", async () => {
  const directory = await mkdtemp(join(tmpdir(), "s3-profile-"));
  const config = join(directory, "config");
  await writeFile(config, "[default]\nregion = us-east-1\n[profile far]\nregion = ap-southeast-2\n");
  const env = {
    AWS_CONFIG_FILE: config,
    AWS_PROFILE: "far",
    AWS_ACCESS_KEY_ID: testKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: testKeys.secretAccessKey,
  };
  const client = await openS3(server, "s3://abroad/file", { parameters: { ...aws, auth: "access_key" }, env });
  await client.stat(parseUri("s3://abroad/file"));
  await client.close();
  await rm(directory, { recursive: true });
  assert.deepEqual(regionsSigned(), ["ap-southeast-2"]);
});

test("discovery that finds nobody fails as a connection does", async () => {
  const clock = quickClock();
  const closed = await startFakeS3();
  await closed.close();
  const client = await openS3(closed, "s3://home/", { parameters: aws, clock });
  await expectError(() => client.stat(parseUri("s3://home/file")), "connection", "s3");
  await client.close();
});
