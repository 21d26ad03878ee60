import { type Answer, xmlAnswer } from "../answer.ts";
import type { OperationContext } from "../operation-context.ts";
import { receiveText } from "../receive-body.ts";
import { malformedXml, S3Failure } from "../s3-failure.ts";
import { element, resultDocument, textOf } from "../xml.ts";

export const owner = element("Owner", [element("ID", "owner"), element("DisplayName", "owner")]);

export function listBuckets({ store }: OperationContext): Answer {
  const buckets = [...store.buckets.values()].map((bucket) =>
    element("Bucket", [
      element("Name", bucket.name),
      element("CreationDate", new Date(bucket.createdAt).toISOString()),
      element("BucketRegion", bucket.region),
    ]),
  );
  return xmlAnswer(resultDocument("ListAllMyBucketsResult", [owner, element("Buckets", buckets)]));
}

export async function createBucket(context: OperationContext): Promise<Answer> {
  const { store, now, request } = context;
  const name = request.bucket ?? "";
  const xml = await receiveText(context);
  if (store.buckets.has(name)) {
    throw new S3Failure(
      409,
      "BucketAlreadyOwnedByYou",
      "Your previous request to create the named bucket succeeded and you already own it.",
      { fields: { BucketName: name } },
    );
  }
  store.createBucket({ name, region: textOf(xml, "LocationConstraint") ?? context.region }, now);
  return { status: 200, headers: { location: `/${name}` } };
}

export function headBucket(context: OperationContext): Answer {
  return { status: 200, headers: { "x-amz-bucket-region": context.bucket().region } };
}

export function deleteBucket(context: OperationContext): Answer {
  const bucket = context.bucket();
  if (!bucket.empty) {
    throw new S3Failure(409, "BucketNotEmpty", "The bucket you tried to delete is not empty", {
      fields: { BucketName: bucket.name },
    });
  }
  context.store.buckets.delete(bucket.name);
  return { status: 204 };
}

export function getBucketLocation(context: OperationContext): Answer {
  const { region } = context.bucket();
  // The oldest region is spelled as nothing.
  return xmlAnswer(resultDocument("LocationConstraint", region === "us-east-1" ? [] : [region]));
}

export function getBucketVersioning(context: OperationContext): Answer {
  const { versioning } = context.bucket();
  const status = versioning === "enabled" ? "Enabled" : "Suspended";
  return xmlAnswer(resultDocument("VersioningConfiguration", versioning === "off" ? [] : [element("Status", status)]));
}

export async function putBucketVersioning(context: OperationContext): Promise<Answer> {
  const status = textOf(await receiveText(context), "Status");
  if (status !== "Enabled" && status !== "Suspended") throw malformedXml();
  context.bucket().versioning = status === "Enabled" ? "enabled" : "suspended";
  return { status: 200 };
}
