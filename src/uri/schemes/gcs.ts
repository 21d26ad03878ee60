import type { GcsUri } from "../object-uri.ts";
import { checkKeyLength, invalidUri, type SchemeFamily, splitFirstSegment, type UriText } from "../scheme-family.ts";

const forms = "Write gs://{bucket}/{prefix} or gcp://{project}/{bucket}/{prefix}.";

/** https://cloud.google.com/storage/docs/buckets#naming; the lower limit of length is left to the service. */
const bucketName = /^[a-z0-9](?:[a-z0-9._-]{0,220}[a-z0-9])?$/;
/** Project id, legacy domain-scoped id (`example.com:project`) or project number. */
const projectName = /^(?:(?:[a-z0-9.-]+:)?[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?|\d+)$/;

export const gcs: SchemeFamily<GcsUri> = {
  schemes: ["gs", "gcp"],
  parse: (input) => (input.scheme === "gcp" ? parseGcp(input) : parseGs(input)),
  format: ({ bucket, project, key }) =>
    `${project === undefined ? "gs://" : `gcp://${project}/`}${bucket}${key === "" ? "" : `/${key}`}`,
};

function parseGs(input: UriText): GcsUri {
  const [bucket, key] = splitFirstSegment(input.rest);
  checkBucket(input, bucket);
  return { provider: "gcs", bucket, key: checkKeyLength(input, key) };
}

function parseGcp(input: UriText): GcsUri {
  const [project, afterProject] = splitFirstSegment(input.rest);
  if (project === "") throw invalidUri(input.text, "the project is missing", forms);
  if (!projectName.test(project)) {
    throw invalidUri(input.text, `the first part, "${project}", is not a project id`, forms);
  }
  const [bucket, key] = splitFirstSegment(afterProject);
  checkBucket(input, bucket);
  return { provider: "gcs", bucket, project, key: checkKeyLength(input, key) };
}

function checkBucket(input: UriText, bucket: string): void {
  if (bucket === "") throw invalidUri(input.text, "the bucket is missing", forms);
  if (!bucketName.test(bucket) || bucket.includes("..")) {
    throw invalidUri(
      input.text,
      `"${bucket}" is not a bucket name`,
      "Bucket names are made of lower-case letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit.",
    );
  }
}
