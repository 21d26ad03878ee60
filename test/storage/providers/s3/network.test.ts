import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { readRange } from "../../../../src/storage/read-range.ts";
import { expectError } from "../../../../src/testing/conformance/index.ts";
import { startFakeS3 } from "../../../../src/testing/fake-s3/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { startProxy } from "../../../support/http-proxy.ts";
import { openS3 } from "../../../support/open-s3.ts";
import { testKeys } from "../../../support/sdk-s3-client.ts";

const pem = (name: string) => readFile(new URL(`../../../support/tls/${name}`, import.meta.url), "utf8");
const [key, cert, caBundle] = await Promise.all([pem("server-key.pem"), pem("server.pem"), pem("ca.pem")]);
const server = await startFakeS3({
  buckets: ["models"],
  credentials: [testKeys],
  tls: { key, cert },
});
await server.putObject("models", "file", "content");
after(() => server.close());
const uri = parseUri("s3://models/file");

test("a private authority is trusted on both paths, by parameter or environment, and by nothing else", async () => {
  for (const options of [
    { parameters: { caBundle } },
    { env: { AWS_CA_BUNDLE: new URL("../../../support/tls/ca.pem", import.meta.url).pathname } },
  ]) {
    const client = await openS3(server, uri, options);
    await client.put(parseUri("s3://models/copy"), Buffer.from("there and back"));
    assert.equal((await readRange(client, parseUri("s3://models/copy"))).toString(), "there and back");
    await client.close();
  }
  const distrusting = await openS3(server, uri);
  const error = await expectError(() => distrusting.stat(uri), "connection", "s3");
  assert.equal(error.retry, "permanent");
  assert.match(error.hint, /AWS_CA_BUNDLE/);
  await distrusting.close();
});

test("every request goes through the proxy, descriptions and reads alike", async (t) => {
  const proxy = await startProxy(t, { hosts: ["s3.internal.example"] });
  const plain = await startFakeS3({ buckets: ["models"], credentials: [testKeys] });
  await plain.putObject("models", "file", "content");
  const endpoint = `http://s3.internal.example:${plain.port}`;
  const client = await openS3(plain, uri, { parameters: { endpoint, httpProxy: proxy.url } });
  assert.equal((await readRange(client, uri)).toString(), "content");
  await client.close();
  assert.deepEqual(
    proxy.requests.map((line) => line.split("?", 1)[0]),
    [`HEAD ${endpoint}/models/file`, `GET ${endpoint}/models/file`],
  );
  const direct = await openS3(plain, uri, {
    parameters: { httpProxy: proxy.url, noProxy: "127.0.0.0/8" },
  });
  await direct.stat(uri);
  await direct.close();
  await plain.close();
  assert.equal(proxy.requests.length, 2);
});
