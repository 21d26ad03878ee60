import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { resolveDestination } from "../../src/agent/scout/destination.ts";
import { deliver } from "../../src/delivery/deliver.ts";
import { connectionError } from "../../src/network/connection-error.ts";
import { diskError } from "../../src/store/disk-error.ts";
import { startFakeOci } from "../../src/testing/fake-oci/index.ts";
import { OciFailure } from "../../src/testing/fake-oci/oci-failure.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { memorySource } from "../support/memory-source.ts";
import { createTestUser, knownKey } from "../support/oci/api-key.ts";
import { openOci, secretOf } from "../support/oci/open-oci.ts";
import { openGcs } from "../support/open-gcs.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

/** Rows of docs/troubleshooting.md whose causes no other test brings about. */

test("Oracle Cloud hides what may not be seen", async (t) => {
  const user = createTestUser();
  const fake = await startFakeOci({
    buckets: ["models"],
    keys: [knownKey(user)],
    intercept: () =>
      new OciFailure(404, "NotAuthorizedOrNotFound", "Authorization failed or requested resource not found."),
  });
  t.after(() => fake.close());
  const uri = parseUri("oci://n/testspace/b/models/o/file");
  const client = await openOci(fake, uri, { secret: secretOf(user) });
  t.after(() => client.close());
  await assert.rejects(client.stat(uri), {
    message: /it does not exist, or access is denied \(auth user_principal\)/,
  });
});

test("something else listens at the endpoint", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.6\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const clock = { now: Date.now, monotonic: () => performance.now(), sleep: () => Promise.resolve() };
  const parameters = { endpoint: `http://127.0.0.1:${address.port}`, auth: "anonymous" };
  const client = await openGcs("gs://models/", { clock, parameters });
  const stat = client.stat(parseUri("gs://models/file"));
  await assert.rejects(stat, { code: "protocol", message: /the answer of 127\.0\.0\.1:\d+ is not valid HTTP/ });
  await client.close();
});

test("the resolver does not answer", () => {
  // A resolver that is silent cannot be had without being the system's own.
  const error = Object.assign(new Error("getaddrinfo EAI_AGAIN"), { code: "EAI_AGAIN" });
  const { message, retry } = connectionError(error, { operation: "list", host: "h.example" });
  assert.match(message, /cannot be resolved at the moment/);
  assert.equal(retry, "temporary");
});

test("a quota is used up, or the file system cannot be written to", () => {
  // Neither can be brought about without being root: what the kernel says is all that a program learns of them.
  const refusal = (code: string) => diskError(Object.assign(new Error(code), { code }), "write", "/models/x");
  assert.match(refusal("EDQUOT").message, /the disk quota is used up/);
  assert.match(refusal("EROFS").message, /the file system is read-only/);
});

test("a manifest's path is outside of the models root", () => {
  const rules = { modelsRoot: "/models", allowedPaths: ["/data"] };
  assert.throws(() => resolveDestination("s3://b/k", "/etc/llama", rules), {
    message: /it does not lie below \/models or \/data/,
  });
});

test("a selection leaves nothing", async (t) => {
  const source = memorySource({ "m/a.txt": "1", "m/b.txt": "2" });
  const destination = join(await scratchDirectory(t), "model");
  const request = { source: { client: source.client, uri: { ...source.uri, key: "m" } }, destination };
  await assert.rejects(deliver({ ...request, selection: { include: ["*.safetensors"] } }), {
    code: "not_found",
    message: /none of its 2 files is wanted/,
  });
});
