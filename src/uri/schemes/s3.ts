import type { S3Uri } from "../object-uri.ts";
import { checkKeyLength, invalidUri, type SchemeFamily, splitFirstSegment, type UriText } from "../scheme-family.ts";

const forms = "Write s3://{bucket}/{prefix}, s3://{bucket}@{region}/{prefix} or aws://{region}/{bucket}/{prefix}.";

/** AWS's own limits plus what older buckets and compatible servers hold: upper case, underscores, up to 255 characters. */
const bucketName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;
/** Compatible servers name regions freely: `auto`, `nyc3`, `default`. */
const regionName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const awsRegion = /^[a-z]+(?:-[a-z]+)+-\d+$/;
const ipv4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const virtualHost = /^(?:(.+)\.)?s3[.-](?:(?:dualstack|fips)\.)?(?:([a-z0-9-]+)\.)?amazonaws\.com(?:\.cn)?$/;

export const s3: SchemeFamily<S3Uri> = {
  schemes: ["s3", "aws"],
  parse: (input) => (input.scheme === "aws" ? parseAws(input) : parseS3(input)),
  format: ({ bucket, region, key }) =>
    `s3://${bucket}${region === undefined ? "" : `@${region}`}${key === "" ? "" : `/${key}`}`,
};

function parseS3(input: UriText): S3Uri {
  const [first, tail] = splitFirstSegment(input.rest);
  const at = first.indexOf("@");
  const bucket = at < 0 ? first : first.slice(0, at);
  if (bucket === "") throw invalidUri(input.text, "the bucket is missing", forms);
  checkBucket(input, bucket, tail);
  if (at < 0) return { provider: "s3", bucket, key: checkKeyLength(input, tail) };
  const region = first.slice(at + 1);
  if (region === "") throw invalidUri(input.text, 'the region after "@" is empty', forms);
  if (!regionName.test(region)) throw invalidUri(input.text, `"${region}" is not a region name`, forms);
  return { provider: "s3", bucket, region, key: checkKeyLength(input, tail) };
}

function parseAws(input: UriText): S3Uri {
  const [region, afterRegion] = splitFirstSegment(input.rest);
  if (region === "") throw invalidUri(input.text, "the region is missing", forms);
  if (!awsRegion.test(region)) {
    throw invalidUri(input.text, `the first part, "${region}", is not an AWS region such as us-east-1`, forms);
  }
  const [bucket, tail] = splitFirstSegment(afterRegion);
  if (bucket === "") throw invalidUri(input.text, "the bucket is missing", forms);
  checkBucket(input, bucket, tail);
  return { provider: "s3", bucket, region, key: checkKeyLength(input, tail) };
}

function checkBucket(input: UriText, bucket: string, tail: string): void {
  if (bucket.startsWith("arn:")) {
    throw invalidUri(
      input.text,
      "ARNs are not read",
      "Write the bucket's name or the access point's alias: s3://{alias}/{prefix}.",
    );
  }
  if (bucket.includes(":") || ipv4.test(bucket)) {
    throw invalidUri(
      input.text,
      `"${bucket}" is an endpoint, not a bucket`,
      "Give the endpoint as the parameter `endpoint` and write s3://{bucket}/{prefix}.",
    );
  }
  const host = virtualHost.exec(bucket);
  if (host !== null) {
    const [, name, region] = host;
    const right =
      name === undefined
        ? `s3://${splitFirstSegment(tail)[0] || "{bucket}"}/{prefix}`
        : `s3://${name}${region === undefined ? "" : `@${region}`}/{prefix}`;
    throw invalidUri(input.text, `"${bucket}" is a host name, not a bucket`, `Write ${right}.`);
  }
  if (!bucketName.test(bucket) || bucket.includes("..")) {
    throw invalidUri(
      input.text,
      `"${bucket}" is not a bucket name`,
      "Bucket names are made of lower-case letters, digits, dots and hyphens, and begin with a letter or digit.",
    );
  }
}
