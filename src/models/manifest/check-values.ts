import { isStorageError } from "../../errors.ts";
import { parseUri } from "../../uri/parse-uri.ts";
import { selectionFromParameters } from "../selection-rules.ts";
import type { FieldProblem } from "./field-problem.ts";
import type { ManifestMetadata, ModelKind, StorageSpec } from "./manifest.ts";

const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** Parameters that hold a secret themselves, in any spelling (`secret_access_key`, `secretAccessKey`). */
const secretParameters: ReadonlySet<string> = new Set([
  ...["token", "password", "passphrase", "secretaccesskey", "sessiontoken", "clientsecret", "accountkey", "sastoken"],
  ...["connectionstring", "keyjson", "privatekey", "clientcertificatepassword", "authorizationtoken"],
]);

/** Whether a parameter holds a secret itself, and not the name or the place of one. */
export function isSecretParameter(name: string): boolean {
  return secretParameters.has(name.replaceAll(/[_-]/g, "").toLowerCase());
}

/** Rules of Kubernetes for names, without which an object cannot exist. */
export function checkMetadata(kind: ModelKind, metadata: ManifestMetadata): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (!dnsSubdomain.test(metadata.name)) {
    problems.push(
      error(
        ["metadata", "name"],
        "must be lower-case letters, digits, - and ., 253 at most, and begin and end with a letter or digit",
      ),
    );
  }
  if (kind === "BaseModel" && metadata.namespace !== undefined && !dnsLabel.test(metadata.namespace)) {
    problems.push(error(["metadata", "namespace"], "must be lower-case letters, digits and inner -, 63 at most"));
  }
  return problems;
}

/** What the schema cannot say about where a model comes from and goes to. */
export function checkStorage(
  storage: Partial<StorageSpec>,
  pluginSchemes?: ReadonlySet<string>,
): readonly FieldProblem[] {
  return [
    ...(storage.storageUri === undefined ? [] : checkUri(storage.storageUri, pluginSchemes)),
    ...checkPath(storage.path),
    ...checkKey(storage.key),
    ...checkParameters(storage.parameters ?? {}),
  ];
}

function checkUri(uri: string, pluginSchemes: ReadonlySet<string> | undefined): readonly FieldProblem[] {
  try {
    parseUri(uri, { pluginSchemes });
    return [];
  } catch (failure) {
    if (!isStorageError(failure)) throw failure;
    return [error(["spec", "storage", "storageUri"], `is no usable storage URI: ${failure.detail}. ${failure.hint}`)];
  }
}

function checkPath(path: string | undefined): readonly FieldProblem[] {
  const at = ["spec", "storage", "path"];
  if (path === undefined || path === "") return [];
  if (!path.startsWith("/")) {
    return [error(at, "must be an absolute path, such as /mnt/models/llama; leave it out for the default")];
  }
  if (path.split("/").includes("..")) return [error(at, 'has a ".." segment; write the path without it')];
  if (/\p{Cc}/u.test(path)) return [error(at, "has a control character; write the path on one line")];
  return [];
}

function checkKey(key: string | undefined): readonly FieldProblem[] {
  if (key === undefined || key === "" || dnsSubdomain.test(key)) return [];
  return [error(["spec", "storage", "key"], "must be the name of a Secret, not the secret itself")];
}

function checkParameters(parameters: Readonly<Record<string, string>>): readonly FieldProblem[] {
  const at = ["spec", "storage", "parameters"];
  const problems: FieldProblem[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value === "" || !isSecretParameter(name)) continue;
    problems.push({
      path: [...at, name],
      severity: "warning",
      about: "name",
      message:
        "holds a secret in plain text, which everyone can read who may read this object: put it into a Secret and name that in spec.storage.key",
    });
  }
  try {
    selectionFromParameters(parameters);
  } catch (failure) {
    if (!isStorageError(failure)) throw failure;
    problems.push(error([...at, failure.target ?? ""], `${failure.detail}. ${failure.hint}`));
  }
  return problems;
}

function error(path: readonly string[], message: string): FieldProblem {
  return { path, severity: "error", about: "value", message };
}
