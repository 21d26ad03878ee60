import assert from "node:assert/strict";
import { test } from "node:test";
import { createGcpCredentials } from "../../../src/auth/gcp/create.ts";
import { directNetwork } from "../../../src/network/network-profile.ts";
import { startFakeGcs } from "../../../src/testing/fake-gcs/index.ts";
import { parseUri } from "../../../src/uri/parse-uri.ts";
import { startTokenServices } from "../../support/gcp/fake-token-services.ts";
import { gcpRequest } from "../../support/gcp/gcp-request.ts";
import { createServiceAccount } from "../../support/gcp/service-account.ts";
import { startProxy } from "../../support/http-proxy.ts";
import { openGcs } from "../../support/open-gcs.ts";
import { watchSecrets } from "../../support/secret-watch.ts";

const watch = watchSecrets();
const account = createServiceAccount();

test("impersonation asks Google's IAM service, through the proxy", async (t) => {
  const services = await startTokenServices({ now: Date.now });
  t.after(() => services.close());
  services.accounts.push(account);
  const proxy = await startProxy(t, { refuseWith: 403 });
  const credentials = createGcpCredentials(
    gcpRequest(watch, {
      network: { ...directNetwork, id: "proxied", httpsProxy: proxy.url },
      parameters: { impersonateServiceAccount: "reader@my-project.iam.gserviceaccount.com" },
      secret: { keyJson: account.keyFile(services.tokenUri) },
    }),
  );
  const error = await watch.rejection(credentials.resolve());
  assert.match(error.message, /proxy/i);
  assert.equal(proxy.requests[0], "CONNECT iamcredentials.googleapis.com:443");
  assert.equal(services.tokens.size, 1, "the key's own login came first");
});

test("the storage is reached through the proxy that parameters name", async (t) => {
  const services = await startTokenServices({ now: Date.now });
  const server = await startFakeGcs({ buckets: ["models"] });
  t.after(() => Promise.all([services.close(), server.close()]));
  services.accounts.push(account);
  services.onToken = (token, email) => server.addToken({ token, email });
  await server.putObject("models", "file", "content");
  const proxy = await startProxy(t, { hosts: ["gcs.test"] });
  const endpoint = server.url.replace("127.0.0.1", "gcs.test");
  const client = await openGcs("gs://models/", {
    parameters: { endpoint, httpProxy: proxy.url },
    secret: { keyJson: account.keyFile(services.tokenUri) },
    logger: watch.logger,
  });
  try {
    assert.equal((await client.stat(parseUri("gs://models/file"))).size, 7);
  } finally {
    await client.close();
  }
  assert.deepEqual(
    proxy.requests.map((line) => line.replace(/\?.*/, "")),
    [`GET ${endpoint}/storage/v1/b/models/o/file`],
  );
});
