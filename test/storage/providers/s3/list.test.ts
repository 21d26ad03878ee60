import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { collect } from "../../../../src/storage/collect.ts";
import { expectError } from "../../../../src/testing/conformance/index.ts";
import { startFakeS3 } from "../../../../src/testing/fake-s3/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openS3 } from "../../../support/open-s3.ts";
import { testKeys } from "../../../support/sdk-s3-client.ts";

const server = await startFakeS3({ buckets: ["models"], credentials: [testKeys] });
after(() => server.close());
const everything = parseUri("s3://models/");

/** A server that gives these pages, one after the other, whatever it is asked. */
async function scripted(pages: readonly string[]): Promise<{ url: string; close: () => void; asked: string[] }> {
  const asked: string[] = [];
  const listing = createServer((request, response: ServerResponse) => {
    asked.push(request.url ?? "");
    const body = pages[Math.min(asked.length, pages.length) - 1] ?? "";
    response.setHeader("content-type", "application/xml").end(`<ListBucketResult>${body}</ListBucketResult>`);
  });
  await new Promise<void>((resolve) => listing.listen(0, "127.0.0.1", resolve));
  const { port } = listing.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, close: () => void listing.close() };
}

const entry = (key: string) =>
  `<Contents><Key>${key}</Key><Size>1</Size><ETag>0cc175b9c0f1b6a831c399e269772661</ETag></Contents>`;
const more = (token: string) =>
  `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`;

test("keys that XML cannot hold come through", async () => {
  const keys = ["tab\there", "line\nbreak", "bell\u0007", "nul-free\u0001", "\uffff", "trailing "];
  for (const key of keys) await server.putObject("models", key, "x");
  const client = await openS3(server, everything);
  const found = (await collect(client.list(everything))).map(({ key }) => key);
  assert.deepEqual(found.sort(), [...keys].sort());
  for (const key of keys) assert.equal((await client.stat({ provider: "s3", bucket: "models", key })).size, 1);
  await client.close();
});

test("a token on the last page means nothing; one that does not advance is an error", async () => {
  const echoing = await scripted([
    `${entry("a")}<IsTruncated>false</IsTruncated><NextContinuationToken>t</NextContinuationToken>`,
  ]);
  const first = await openS3(echoing, everything);
  assert.deepEqual(
    (await collect(first.list(everything))).map(({ key }) => key),
    ["a"],
  );
  assert.equal(echoing.asked.length, 1);
  await first.close();
  echoing.close();
  for (const pages of [[more("t"), more("t")], ["<IsTruncated>true</IsTruncated>"]]) {
    const stuck = await scripted(pages);
    const client = await openS3(stuck, everything);
    const error = await expectError(() => collect(client.list(everything)), "protocol", "s3");
    assert.equal(error.retry, "permanent");
    await client.close();
    stuck.close();
  }
});

test("keys are taken as they are where the server does not encode, and etags get their quotes", async () => {
  const plain = await scripted([`${entry("a+b%20c")}<IsTruncated>false</IsTruncated>`]);
  const client = await openS3(plain, everything);
  const [info] = await collect(client.list(everything));
  assert.deepEqual([info?.key, info?.etag], ["a+b%20c", '"0cc175b9c0f1b6a831c399e269772661"']);
  await client.close();
  plain.close();
});

test("a key that is not what it was announced as is an error", async () => {
  const broken = await scripted([`<EncodingType>url</EncodingType>${entry("a%FF")}<IsTruncated>false</IsTruncated>`]);
  const client = await openS3(broken, everything);
  await expectError(() => collect(client.list(everything)), "protocol", "s3");
  await client.close();
  broken.close();
});

test("a listing asks for no more than is wanted, and for pages only as they are read", async () => {
  for (let index = 0; index < 30; index++) await server.putObject("models", `pages/${index}`, "x");
  const client = await openS3(server, everything);
  server.counters.reset();
  const prefix = parseUri("s3://models/pages/");
  assert.equal((await collect(client.list(prefix, { maxResults: 5 }))).length, 5);
  assert.equal(server.counters.of("ListObjectsV2").requests, 1);
  for await (const info of client.list(prefix, { pageSize: 10 })) if (info.key === "pages/10") break;
  assert.equal(server.counters.of("ListObjectsV2").requests, 2);
  await client.close();
});
