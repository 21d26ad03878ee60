import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  type AuthenticationDetailsProvider,
  InstancePrincipalsAuthenticationDetailsProviderBuilder,
  NoRetryConfigurationDetails,
  OkeWorkloadIdentityAuthenticationDetailsProvider,
  ResourcePrincipalAuthenticationDetailsProvider,
  SessionAuthDetailProvider,
} from "oci-common";
import { ObjectStorageClient } from "oci-objectstorage";
import { systemClock } from "../../../src/telemetry/clock.ts";
import { issueSessionToken, startFakeOci } from "../../../src/testing/fake-oci/index.ts";
import { createTestUser } from "../../support/oci/api-key.ts";
import { startIdentityService } from "../../support/oci/fake-identity-service.ts";
import { startOciMetadata } from "../../support/oci/fake-instance-metadata.ts";
import { startProxymux } from "../../support/oci/fake-proxymux.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

/** What has to be stopped before the process can end. */
interface Breaker {
  shutdown(): void;
}

/** The fakes are only worth something if the vendor's own logins get through them; and those print what they do. */
console.log = () => {};
console.warn = () => {};
console.info = () => {};

async function namespaceBy(
  t: TestContext,
  provider: unknown,
  tokenIssuer: Parameters<typeof startFakeOci>[0],
): Promise<string> {
  const fake = await startFakeOci(tokenIssuer);
  t.after(() => fake.close());
  const client = new ObjectStorageClient(
    { authenticationDetailsProvider: provider as AuthenticationDetailsProvider },
    { retryConfiguration: NoRetryConfigurationDetails, circuitBreaker: { noCircuit: true } as never },
  );
  t.after(() => client.close());
  client.endpoint = fake.url;
  return (await client.getNamespace({})).value;
}

test("the SDK's instance principal federates at the fake, by the certificate's SHA-1", async (t) => {
  const metadata = await startOciMetadata(t, systemClock);
  const service = await startIdentityService(t, systemClock);
  const builder = new InstancePrincipalsAuthenticationDetailsProviderBuilder();
  builder.metadataBaseUrl = metadata.baseUrl;
  builder.federationEndpoint = service.origin;
  const provider = await builder.build();
  t.after(() => {
    for (const breaker of [builder.circuitBreaker, builder.authCircuitBreaker.circuit] as unknown as Breaker[])
      breaker.shutdown();
  });
  assert.equal(await namespaceBy(t, provider, { tokenIssuer: service.issuer }), "testspace");
  assert.deepEqual(service.refusals, []);
  assert.match(service.keyIds[0] ?? "", /\/fed-x509\/(?:[0-9a-f]{2}:){19}[0-9a-f]{2}$/);
});

test("the SDK's workload identity gets its token from the fake proxymux", async (t) => {
  const proxymux = await startProxymux(t, systemClock);
  proxymux.accepted.add("pod-token");
  proxymux.rotate("pod-token");
  // The SDK sends the file's content as it is.
  writeFileSync(proxymux.env["OCI_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH"] ?? "", "pod-token");
  const { KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT_PROXYMUX } = proxymux.env;
  Object.assign(process.env, { KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT_PROXYMUX });
  t.after(() => {
    for (const name of ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT_PROXYMUX"]) delete process.env[name];
  });
  const provider = OkeWorkloadIdentityAuthenticationDetailsProvider.builder(
    proxymux.env["OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH"] ?? "",
    proxymux.env["OCI_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH"] ?? "",
  );
  assert.equal(await namespaceBy(t, provider, { tokenIssuer: proxymux.issuer }), "testspace");
});

test("the SDK's resource principal and session are accepted with tokens of our making", async (t) => {
  const [issuer, user] = [createTestUser("issuer"), createTestUser()];
  const token = issueSessionToken({
    issuerKey: issuer.privateKey,
    publicKey: user.publicKey,
    subject: user.user,
    now: Date.now(),
    lifetimeMs: 600_000,
  });
  const variables = {
    OCI_RESOURCE_PRINCIPAL_VERSION: "2.2",
    OCI_RESOURCE_PRINCIPAL_RPST: token,
    OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM: user.pem,
    OCI_RESOURCE_PRINCIPAL_REGION: "us-ashburn-1",
  };
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
  const resource = ResourcePrincipalAuthenticationDetailsProvider.builder();
  assert.equal(await namespaceBy(t, resource, { tokenIssuer: issuer.publicKey }), "testspace");

  const directory = await scratchDirectory(t);
  const [config, key, session] = ["config", "key", "token"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(key, user.pem);
  writeFileSync(session, token);
  const entries = [
    `tenancy=${user.tenancy}`,
    `fingerprint=${user.fingerprint}`,
    "region=us-ashburn-1",
    `key_file=${key}`,
    `security_token_file=${session}`,
  ];
  writeFileSync(config, `[DEFAULT]\n${entries.join("\n")}\n`);
  const sessionProvider = new SessionAuthDetailProvider(config, "DEFAULT");
  assert.equal(await namespaceBy(t, sessionProvider, { tokenIssuer: issuer.publicKey }), "testspace");
});
