import assert from "node:assert/strict";
import { test } from "node:test";
import { type AuthProvider, authTypes } from "../../src/auth/auth-types.ts";
import { resolveAuthType } from "../../src/auth/resolve-auth-type.ts";
import { isStorageError } from "../../src/errors.ts";

const spellings: readonly [AuthProvider, string, string][] = [
  ["aws", "iam_role", "iam_role"],
  ["aws", "AWSAccessKey", "access_key"],
  ["aws", "access_key", "access_key"],
  ["aws", "AWSInstanceProfile", "instance_profile"],
  ["aws", "instance_profile", "instance_profile"],
  ["aws", "AWSAssumeRole", "assume_role"],
  ["aws", "assume-role", "assume_role"],
  ["aws", "AWSWebIdentity", "web_identity"],
  ["aws", "web_identity", "web_identity"],
  ["aws", "AWSECSTaskRole", "ecs_task_role"],
  ["aws", "ecs_task_role", "ecs_task_role"],
  ["aws", "AWSProcess", "process"],
  ["aws", "AWSDefault", "iam_role"],
  ["aws", "default", "iam_role"],
  ["oci", "InstancePrincipal", "instance_principal"],
  ["oci", "UserPrincipal", "user_principal"],
  ["oci", "ResourcePrincipal", "resource_principal"],
  ["oci", "OkeWorkloadIdentity", "workload_identity"],
  ["oci", "OCIUserPrincipal", "user_principal"],
  ["oci", "OCIInstancePrincipal", "instance_principal"],
  ["oci", "OCIResourcePrincipal", "resource_principal"],
  ["oci", "OCIOkeWorkloadIdentity", "workload_identity"],
  ["oci", "session_token", "session_token"],
  ["gcp", "GCPServiceAccount", "service_account"],
  ["gcp", "GCPWorkloadIdentity", "workload_identity"],
  ["gcp", "GCPDefault", "application_default"],
  ["gcp", "GCPApplicationDefault", "application_default"],
  ["azure", "AzureClientSecret", "service_principal"],
  ["azure", "AzureClientCertificate", "service_principal"],
  ["azure", "AzureServicePrincipal", "service_principal"],
  ["azure", "AzureManagedIdentity", "managed_identity"],
  ["azure", "AzurePodIdentity", "managed_identity"],
  ["azure", "AzureDeviceFlow", "device_code"],
  ["azure", "AzureDefault", "default"],
  ["azure", "AzureAccountKey", "account_key"],
  ["huggingface", "token", "token"],
  ["github", "GitHubPersonalAccessToken", "token"],
];

for (const [provider, name, canonical] of spellings) {
  test(`${provider} knows ${name} as ${canonical}`, () => {
    assert.equal(resolveAuthType(provider, name), canonical);
  });
}

test("no spelling of a provider means two types, and every default is a type", () => {
  for (const [provider, table] of Object.entries(authTypes)) {
    const owners = new Map<string, string>();
    for (const [canonical, aliases] of Object.entries<readonly string[]>(table.types)) {
      for (const spelling of [canonical, ...aliases]) {
        const bare = spelling.toLowerCase().replaceAll("_", "");
        assert.equal(owners.get(bare) ?? canonical, canonical, `${provider} ${spelling}`);
        owners.set(bare, canonical);
      }
    }
    assert.ok(table.default in table.types);
  }
});

test("no name leaves the choice to the settings", () => {
  assert.equal(resolveAuthType("aws", undefined), undefined);
  assert.equal(resolveAuthType("aws", "  "), undefined);
});

test("an unknown name is refused with the provider's own types and the nearest of them", () => {
  assert.throws(
    () => resolveAuthType("aws", "AWSAcessKey"),
    (error) =>
      isStorageError(error) &&
      error.code === "config_invalid" &&
      error.hint.startsWith(
        'Did you mean "access_key"? Supported: iam_role, access_key, assume_role, web_identity, profile,',
      ),
  );
  assert.throws(
    () => resolveAuthType("oci", "AWSAccessKey"),
    (error) => isStorageError(error) && error.message.includes("is no auth type of oci") && !error.hint.includes("aws"),
  );
});
