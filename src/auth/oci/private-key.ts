import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { type OciAuthFields, unauthenticated } from "./auth-error.ts";

/**
 * Reads an RSA private key in PEM, encrypted or not (PKCS #1 and #8). Line breaks may be written as `\n`, as they stand in
 * environment variables and one-line Secrets.
 *
 * @throws StorageError `config_invalid`; never with a word of the key in it.
 */
export function readPrivateKey(text: string, passphrase: string | undefined, fields: OciAuthFields): KeyObject {
  const pem = text.includes("\n") ? text : text.replaceAll("\\n", "\n");
  const invalid = (detail: string, hint: string) =>
    unauthenticated({ ...fields, code: "config_invalid", detail, hint });
  const encrypted = /ENCRYPTED/.test(pem);
  if (encrypted && passphrase === undefined) {
    throw invalid(
      "the private key is encrypted and there is no pass phrase",
      "Give pass_phrase in the profile, or passphrase.",
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch {
    throw encrypted
      ? invalid("the private key cannot be decrypted", "Check the pass phrase.")
      : invalid("the private key is not PEM of a private key", "Give the whole file, from -----BEGIN to -----END.");
  }
  if (key.asymmetricKeyType === "rsa") return key;
  throw invalid(`the private key is of type ${key.asymmetricKeyType}`, "API signing keys are RSA keys.");
}

/** What Oracle Cloud calls a key: MD5 of its public half in DER, as pairs of digits. */
export function fingerprintOf(privateKey: KeyObject): string {
  const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const digest = createHash("md5").update(der).digest("hex");
  return digest.replace(/..(?=.)/g, "$&:");
}
