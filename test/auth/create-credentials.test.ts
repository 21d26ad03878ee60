import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";
import type { AuthRequest } from "../../src/auth/auth-request.ts";
import { networkFromEnvironment } from "../../src/network/network-from-environment.ts";
import { directNetwork } from "../../src/network/network-profile.ts";
import { systemClock } from "../../src/telemetry/clock.ts";
import { startSts } from "../support/aws/fake-sts.ts";
import { awsSandbox } from "../support/aws/sandbox.ts";
import { startProxy } from "../support/http-proxy.ts";
import { secretMark, watchSecrets } from "../support/secret-watch.ts";
import { startHttp } from "../support/web-server.ts";

const loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});

const { home } = awsSandbox();
const watch = watchSecrets();
const user = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: `${secretMark}/user/key`,
  arn: "arn:aws:iam::123456789012:user/builder",
};

function request(changes: Partial<AuthRequest<"aws">>): AuthRequest<"aws"> {
  return {
    provider: "aws",
    parameters: {},
    env: { HOME: home },
    network: directNetwork,
    clock: systemClock,
    logger: watch.logger,
    ...changes,
  };
}

test("the SDK of a cloud is loaded when that cloud is used, not before", async () => {
  const { createCredentials } = await import("../../src/auth/create-credentials.ts");
  assert.deepEqual(
    loaded.filter((url) => url.includes("@aws-sdk")),
    [],
  );
  await createCredentials(request({ parameters: { auth: "anonymous" } }));
  assert.ok(loaded.some((url) => url.includes("@aws-sdk")));
});

test("anonymous access has no keys, and says so", async () => {
  const { createCredentials } = await import("../../src/auth/create-credentials.ts");
  const credentials = await createCredentials(request({ parameters: { auth: "anonymous" } }));
  assert.equal(credentials.authType, "anonymous");
  assert.equal(await credentials.resolve(), undefined);
  assert.equal((await credentials.identify()).kind, "anonymous");
});

test("a provider without a login is refused", async () => {
  const { createCredentials } = await import("../../src/auth/create-credentials.ts");
  const error = await watch.rejection(createCredentials(request({ provider: "ftp" as "aws" })));
  assert.equal(error.code, "unsupported");
});

test("the identity is confirmed by STS, through the proxy when there is one", async (t) => {
  const { createCredentials } = await import("../../src/auth/create-credentials.ts");
  const sts = await startSts(t, { clock: systemClock, principals: [user] });
  const proxy = await startProxy(t, { hosts: ["sts.tests.example"] });
  const credentials = await createCredentials(
    request({
      secret: { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey },
      network: networkFromEnvironment({ HTTP_PROXY: proxy.url }),
      env: { HOME: home, AWS_ENDPOINT_URL_STS: sts.endpoint.replace("127.0.0.1", "sts.tests.example") },
    }),
  );
  assert.equal(credentials.authType, "access_key");
  const { name, confirmed, source } = await credentials.identify();
  assert.deepEqual({ name, confirmed, source }, { name: user.arn, confirmed: true, source: "keys in secret" });
  assert.equal(proxy.requests.length, 1);
});

test("keys that STS does not know, or must not be asked about, are shown by their ends only", async (t) => {
  const { createCredentials } = await import("../../src/auth/create-credentials.ts");
  const sts = await startSts(t, { clock: systemClock });
  const secret = { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey };
  const expected = { kind: "key_id", name: "AKIA…MPLE", source: "keys in secret", confirmed: false };
  const unknown = await createCredentials(request({ secret, env: { HOME: home, AWS_ENDPOINT_URL_STS: sts.endpoint } }));
  assert.deepEqual(await unknown.identify(), expected);
  let asked = 0;
  const store = await startHttp(t, (_incoming, outgoing) => {
    asked++;
    outgoing.end();
  });
  const compatible = await createCredentials(
    request({ secret, compatible: true, env: { HOME: home, AWS_ENDPOINT_URL: store.origin } }),
  );
  assert.deepEqual(await compatible.identify(), expected);
  assert.equal(asked, 0);
});

test("the choice is logged with provider and auth type, the keys with their source and shortened id", async () => {
  const { createCredentials } = await import("../../src/auth/create-credentials.ts");
  const before = watch.messages.length;
  const credentials = await createCredentials(
    request({ secret: { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey } }),
  );
  await credentials.resolve();
  assert.deepEqual(watch.messages.slice(before), ["debug credentials chosen", "debug credentials obtained"]);
});
