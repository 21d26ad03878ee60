import { generateKeyPairSync, type KeyObject } from "node:crypto";

/** A service account with a key. */
export interface TestServiceAccount {
  readonly email: string;
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** The key file's content, whose tokens come from `tokenUri`. */
  keyFile(tokenUri: string): string;
}

/** A new service account with a new key. */
export function createServiceAccount(name = "reader"): TestServiceAccount {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const email = `${name}@my-project.iam.gserviceaccount.com`;
  const keyId = `key-of-${name}`;
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return {
    email,
    keyId,
    publicKey,
    keyFile: (tokenUri) =>
      JSON.stringify({
        type: "service_account",
        project_id: "my-project",
        private_key_id: keyId,
        private_key: pem,
        client_email: email,
        token_uri: tokenUri,
      }),
  };
}
