import type { Bucket } from "./bucket.ts";
import type { FakeS3Credential } from "./fake-s3-options.ts";
import type { ObjectStore } from "./object-store.ts";
import { accessDenied, S3Failure } from "./s3-failure.ts";
import type { S3Operation } from "./s3-operation.ts";
import type { S3Request } from "./s3-request.ts";
import { authenticate, type Identity } from "./signature/authenticate.ts";

interface AccessContext {
  readonly store: ObjectStore;
  readonly region: string;
  readonly anyRegion: boolean;
  credential(accessKeyId: string): FakeS3Credential | undefined;
  readonly now: number;
}

/** What everybody may do in a public bucket. */
const publicOperations: ReadonlySet<S3Operation> = new Set([
  "ListObjects",
  "ListObjectsV2",
  "HeadBucket",
  "GetObject",
  "HeadObject",
  "GetObjectAttributes",
]);

/** Who asks, when they may and ask in the right region; throws what S3 answers otherwise. */
export function checkAccess(request: S3Request, operation: S3Operation, context: AccessContext): Identity {
  const bucket = request.bucket === undefined ? undefined : context.store.buckets.get(request.bucket);
  const region = bucket?.region ?? context.region;
  const identity = authenticate(request, {
    credential: context.credential,
    region: context.anyRegion ? undefined : region,
    redirectingRegion: context.region,
    now: context.now,
  });
  const misplaced = bucket !== undefined && region !== context.region && operation !== "GetBucketLocation";
  const addressed = identity.kind === "signed" ? identity.scope.region : context.region;
  if (misplaced && !context.anyRegion && addressed !== region) throw permanentRedirect(bucket);
  const open = bucket?.publicRead === true && publicOperations.has(operation);
  if (identity.kind === "anonymous" && !open) throw accessDenied();
  if (bucket?.requesterPays === true && requesterPayer(request) !== "requester") throw accessDenied();
  return identity;
}

function requesterPayer(request: S3Request): string | undefined {
  return request.headers.get("x-amz-request-payer") ?? request.parameters.get("x-amz-request-payer");
}

function permanentRedirect(bucket: Bucket): S3Failure {
  return new S3Failure(
    301,
    "PermanentRedirect",
    "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
    {
      fields: { Bucket: bucket.name, Endpoint: `${bucket.name}.s3.${bucket.region}.amazonaws.com` },
      headers: { "x-amz-bucket-region": bucket.region },
    },
  );
}
