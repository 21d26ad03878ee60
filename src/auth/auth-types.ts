/** Clouds and hubs that a login is made for. */
export type AuthProvider = "aws" | "gcp" | "azure" | "oci" | "huggingface" | "github";

/** The ways of logging in that one provider has, as data. */
export interface AuthTypeTable {
  /** Used when `parameters.auth` says nothing and no setting points to another type. */
  readonly default: string;
  /** Canonical name to the other spellings that are accepted. Case, `_` and `-` never matter, so those are not listed. */
  readonly types: Readonly<Record<string, readonly string[]>>;
}

/**
 * Every auth type of every provider, with OME's spellings: the short names of its storage package and the constants of
 * its auth package (`AWSAccessKey`, `OCIInstancePrincipal`, …).
 */
export const authTypes = {
  aws: {
    default: "iam_role",
    types: {
      iam_role: ["AWSDefault", "default"],
      access_key: ["AWSAccessKey"],
      assume_role: ["AWSAssumeRole"],
      web_identity: ["AWSWebIdentity", "irsa"],
      profile: ["AWSProfile", "sso"],
      instance_profile: ["AWSInstanceProfile"],
      ecs_task_role: ["AWSECSTaskRole", "pod_identity"],
      process: ["AWSProcess"],
      anonymous: ["AWSAnonymous"],
    },
  },
  gcp: {
    default: "application_default",
    types: {
      application_default: ["GCPDefault", "GCPApplicationDefault", "default"],
      service_account: ["GCPServiceAccount"],
      workload_identity: ["GCPWorkloadIdentity"],
      anonymous: ["GCPAnonymous"],
    },
  },
  azure: {
    default: "managed_identity",
    types: {
      managed_identity: ["AzureManagedIdentity", "AzurePodIdentity", "pod_identity"],
      service_principal: [
        "AzureServicePrincipal",
        "AzureClientSecret",
        "AzureClientCertificate",
        "client_secret",
        "client_certificate",
      ],
      workload_identity: ["AzureWorkloadIdentity"],
      cli: ["AzureCli", "azure_cli"],
      default: ["AzureDefault"],
      device_code: ["AzureDeviceFlow", "device_flow"],
      account_key: ["AzureAccountKey", "shared_key"],
      sas_token: ["AzureSasToken", "sas"],
      anonymous: ["AzureAnonymous"],
    },
  },
  oci: {
    default: "instance_principal",
    types: {
      instance_principal: ["OCIInstancePrincipal"],
      user_principal: ["OCIUserPrincipal"],
      resource_principal: ["OCIResourcePrincipal"],
      workload_identity: ["OkeWorkloadIdentity", "OCIOkeWorkloadIdentity", "OCIWorkloadIdentity"],
      session_token: ["OCISessionToken"],
    },
  },
  huggingface: {
    default: "token",
    types: { token: ["HuggingFaceToken"], anonymous: ["none"] },
  },
  github: {
    default: "token",
    types: { token: ["GitHubToken", "GitHubPersonalAccessToken", "GitHubOAuth"], anonymous: ["none"] },
  },
} as const satisfies Readonly<Record<AuthProvider, AuthTypeTable>>;

/** The canonical names of one provider's auth types. */
export type AuthTypeOf<P extends AuthProvider> = keyof (typeof authTypes)[P]["types"] & string;
