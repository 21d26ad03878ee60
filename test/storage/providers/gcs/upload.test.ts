import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { readRange } from "../../../../src/storage/read-range.ts";
import { expectError } from "../../../../src/testing/conformance/index.ts";
import { type FakeGcsRequest, startFakeGcs, type WebAnswer } from "../../../../src/testing/fake-gcs/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { startTokenServices } from "../../../support/gcp/fake-token-services.ts";
import { createServiceAccount } from "../../../support/gcp/service-account.ts";
import { openGcs } from "../../../support/open-gcs.ts";

let intercept: ((request: FakeGcsRequest) => WebAnswer | "disconnect" | undefined) | undefined;
const account = createServiceAccount();
const server = await startFakeGcs({ buckets: ["models", "other"], intercept: (request) => intercept?.(request) });
const services = await startTokenServices({ now: Date.now });
services.accounts.push(account);
services.onToken = (token, email) => server.addToken({ token, email });
const client = await openGcs("gs://models/", {
  parameters: { endpoint: server.url },
  secret: { keyJson: account.keyFile(services.tokenUri) },
});
after(() => Promise.all([client.close(), server.close(), services.close()]));
beforeEach(() => {
  intercept = undefined;
});

const grain = 256 * 1024;
const bytes = Buffer.from(Array.from({ length: 3 * grain + 5 }, (_, index) => (index * 31) % 251));
const uri = parseUri("gs://models/dir/file");

/** Does something to the n-th request that continues an upload. */
function onPiece(number: number, answer: WebAnswer | "disconnect"): void {
  let seen = 0;
  intercept = ({ method, target }) => {
    if (method !== "PUT" || !target.startsWith("/upload")) return undefined;
    seen += 1;
    return seen === number ? answer : undefined;
  };
}

test("a large body goes in pieces and ends with its checksum compared", async () => {
  const before = server.count("continue upload");
  const info = await client.put(uri, bytes, { partSize: grain, contentType: "text/plain" });
  assert.deepEqual([info.size, info.contentType], [bytes.length, "text/plain"]);
  assert.equal(server.count("continue upload") - before, 4);
  assert.ok(bytes.equals(await readRange(client, uri)));
  assert.equal(server.unfinishedUploads, 0);
});

test("a body that ends on a piece's boundary, and a small one", async () => {
  for (const size of [2 * grain, grain, grain - 1, 1]) {
    await client.put(uri, bytes.subarray(0, size), { partSize: grain });
    assert.ok(bytes.subarray(0, size).equals(await readRange(client, uri)), `${size} bytes`);
  }
});

test("a piece whose answer is lost is not sent again from the beginning", async () => {
  for (const [number, answer] of [
    [1, "disconnect"],
    [2, { status: 503 }],
    [4, "disconnect"],
    [4, { status: 500 }],
  ] as const) {
    onPiece(number, answer);
    await client.put(uri, bytes, { partSize: grain });
    intercept = undefined;
    assert.ok(bytes.equals(await readRange(client, uri)), `piece ${number}`);
  }
});

test("an upload that keeps failing is cancelled", async () => {
  intercept = ({ method, target }) => (method === "PUT" && target.startsWith("/upload") ? { status: 503 } : undefined);
  const error = await expectError(
    () => client.put(parseUri("gs://models/never"), bytes, { partSize: grain }),
    "unavailable",
  );
  assert.equal(error.retry, "exhausted");
  assert.equal(server.unfinishedUploads, 0);
  assert.ok(!server.keys("models").includes("never"));
});

test("bytes that arrive wrongly do not stay", async () => {
  const target = parseUri("gs://models/wrong");
  intercept = ({ method, target: path, headers }) => {
    const last = method === "PUT" && path.startsWith("/upload") && !/\/\*$/.test(headers["content-range"] ?? "");
    if (!last) return undefined;
    const resource = { name: "wrong", size: String(bytes.length), generation: "7", crc32c: "AAAAAA==" };
    return { status: 200, body: JSON.stringify(resource) };
  };
  await expectError(() => client.put(target, bytes, { partSize: grain }), "checksum_mismatch");
  assert.ok(
    server.requests.some(({ method, parameters }) => method === "DELETE" && parameters.get("generation") === "7"),
    "it is deleted again, that generation and no other",
  );
});

test("a body of another size than announced is not stored", async () => {
  const target = parseUri("gs://models/size");
  for (const body of [bytes.subarray(0, 10), bytes]) {
    await expectError(() => client.put(target, body, { partSize: grain, size: 11 }), "config_invalid");
  }
  assert.ok(!server.keys("models").includes("size"));
  assert.equal(server.unfinishedUploads, 0);
});

test("only creating is not tried again when the answer is lost", async () => {
  let lost = 0;
  intercept = ({ method }) => {
    if (method !== "POST") return undefined;
    lost += 1;
    return "disconnect";
  };
  const create = () => client.put(parseUri("gs://models/once"), bytes.subarray(0, 5), { ifNoneMatch: true });
  await expectError(create, "connection");
  assert.equal(lost, 1);
});

test("a large copy goes in several requests, between buckets, of one generation", async () => {
  const slow = await startFakeGcs({ buckets: [{ name: "a" }, { name: "b" }], rewriteSize: 1000 });
  services.onToken = (token, email) => {
    server.addToken({ token, email });
    slow.addToken({ token, email });
  };
  const storage = await openGcs("gs://a/", {
    parameters: { endpoint: slow.url },
    secret: { keyJson: account.keyFile(services.tokenUri) },
  });
  try {
    const generation = await slow.putObject("a", "from", bytes.subarray(0, 2500));
    const info = await storage.copy(parseUri("gs://a/from"), parseUri("gs://b/dir/to"));
    assert.deepEqual([info.key, info.size, slow.count("rewrite")], ["dir/to", 2500, 3]);
    const rewrites = slow.requests.filter(({ target }) => target.includes("rewriteTo"));
    assert.ok(rewrites.every(({ parameters }) => parameters.get("sourceGeneration") === generation));
  } finally {
    await storage.close();
    await slow.close();
  }
});
