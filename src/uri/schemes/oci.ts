import { StorageError } from "../../errors.ts";
import type { OciUri } from "../object-uri.ts";
import { redactUriText } from "../redact-uri-text.ts";
import { checkKeyLength, invalidUri, type SchemeFamily, splitFirstSegment, type UriText } from "../scheme-family.ts";

const forms =
  "Write oci://n/{namespace}/b/{bucket}/o/{prefix}, oci://{namespace}@{region}/{bucket}/{prefix} or oci://{bucket}/{prefix}.";

const namespaceName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const bucketName = /^[A-Za-z0-9._-]{1,256}$/;
const regionName = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
/** Hosts of container registries: elsewhere, `oci://` names an image. */
const registryHost =
  /^(?:localhost|[^/]*:\d+|(?:.*\.)?(?:docker|ghcr|gcr|quay|nvcr|registry\.k8s|ocir)\.io|.*\.(?:azurecr\.io|pkg\.dev|dkr\.ecr\..*|gitlab\.com)|registry\..+)$/;

export const oci: SchemeFamily<OciUri> = {
  schemes: ["oci"],
  parse: (input) => {
    const [first, tail] = splitFirstSegment(input.rest);
    refuseImageReference(input, first);
    if (first === "n") return parseNative(input, tail);
    const at = first.indexOf("@");
    if (at >= 0) return parseRegional(input, first.slice(0, at), first.slice(at + 1), tail);
    return { provider: "oci", bucket: checkBucket(input, first), key: checkKeyLength(input, tail) };
  },
  format: ({ namespace, region, bucket, key }) => {
    if (namespace === undefined) return `oci://${bucket}${key === "" ? "" : `/${key}`}`;
    if (region !== undefined) return `oci://${namespace}@${region}/${bucket}${key === "" ? "" : `/${key}`}`;
    return `oci://n/${namespace}/b/${bucket}/o/${key}`;
  },
};

/** `n/{namespace}/b/{bucket}/o/{prefix}`, as OCI's own request paths have it; `n` is therefore no bucket. */
function parseNative(input: UriText, afterN: string): OciUri {
  const [namespace, b, bucket, o, ...key] = afterN.split("/");
  if (b !== "b" || o !== "o") {
    const wrong = b !== "b" ? (b ?? "") : (o ?? "");
    const expected = b !== "b" ? "b" : "o";
    throw invalidUri(
      input.text,
      wrong === "" ? `"/${expected}/" is missing` : `"/${wrong}/" stands where "/${expected}/" is expected`,
      "Write oci://n/{namespace}/b/{bucket}/o/{prefix}.",
    );
  }
  return {
    provider: "oci",
    bucket: checkBucket(input, bucket ?? ""),
    namespace: checkNamespace(input, namespace ?? ""),
    key: checkKeyLength(input, key.join("/")),
  };
}

function parseRegional(input: UriText, namespace: string, region: string, tail: string): OciUri {
  checkNamespace(input, namespace);
  if (region === "") throw invalidUri(input.text, 'the region after "@" is empty', forms);
  if (!regionName.test(region)) {
    throw invalidUri(input.text, `"${region}" is not a region such as us-ashburn-1`, forms);
  }
  const [bucket, key] = splitFirstSegment(tail);
  return {
    provider: "oci",
    bucket: checkBucket(input, bucket),
    namespace,
    region,
    key: checkKeyLength(input, key),
  };
}

function checkNamespace(input: UriText, namespace: string): string {
  if (namespace === "") throw invalidUri(input.text, "the namespace is missing", forms);
  if (!namespaceName.test(namespace)) {
    throw invalidUri(
      input.text,
      `"${namespace}" is not a namespace`,
      "`oci os ns get` prints the namespace of your tenancy; oci://{bucket}/{prefix} lets the agent find it.",
    );
  }
  return namespace;
}

function checkBucket(input: UriText, bucket: string): string {
  if (bucket === "") throw invalidUri(input.text, "the bucket is missing", forms);
  if (!bucketName.test(bucket)) {
    throw invalidUri(
      input.text,
      `"${bucket}" is not a bucket name`,
      "Bucket names are made of letters, digits, dots, hyphens and underscores.",
    );
  }
  return bucket;
}

function refuseImageReference(input: UriText, first: string): void {
  if (!registryHost.test(first) && !/@sha256:[0-9a-f]{64}$/.test(input.rest)) return;
  throw new StorageError({
    code: "unsupported",
    operation: "parse storage URI",
    target: redactUriText(input.text),
    detail: "this names a container image, and model-agent does not read registries",
    hint: "Here oci:// means OCI Object Storage: oci://n/{namespace}/b/{bucket}/o/{prefix}.",
  });
}
