import { createRequire } from "node:module";
import { Storage } from "@google-cloud/storage";

/** The official client on a test server, with a bearer token; what it bundles for logins is taken from where it lies. */
export function sdkGcsClient(url: string, token: string): Storage {
  const sdk = createRequire(createRequire(import.meta.url).resolve("@google-cloud/storage"));
  const { OAuth2Client } = sdk("google-auth-library") as typeof import("google-auth-library");
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: token, expiry_date: Date.now() + 3_600_000 });
  type Options = NonNullable<ConstructorParameters<typeof Storage>[0]>;
  const storage = new Storage({
    apiEndpoint: url,
    projectId: "my-project",
    useAuthWithCustomEndpoint: true,
    authClient: authClient as unknown as NonNullable<Options["authClient"]>,
    retryOptions: { autoRetry: false },
  });
  // Where 7.22.0 looks for the option when it begins resumable uploads.
  return Object.assign(storage, { useAuthWithCustomEndpoint: true });
}
