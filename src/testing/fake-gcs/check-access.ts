import type { Bucket } from "./bucket.ts";
import type { FakeGcsToken } from "./fake-gcs-options.ts";
import { GcsFailure } from "./gcs-failure.ts";
import type { GcsOperation, GcsRequest } from "./gcs-request.ts";

const permissions: Readonly<Record<GcsOperation, string>> = {
  "get bucket": "storage.buckets.get",
  list: "storage.objects.list",
  get: "storage.objects.get",
  media: "storage.objects.get",
  delete: "storage.objects.delete",
  rewrite: "storage.objects.create",
  compose: "storage.objects.create",
  upload: "storage.objects.create",
  "continue upload": "storage.objects.create",
  "cancel upload": "storage.objects.create",
};

export interface AccessContext {
  readonly token: (token: string) => FakeGcsToken | undefined;
  readonly now: number;
}

/** Throws what the service answers to who may not, in its words. A resumable upload's address is a credential of its own. */
export function checkAccess(request: GcsRequest, bucket: Bucket | undefined, context: AccessContext): void {
  if (request.operation === "continue upload" || request.operation === "cancel upload") return;
  const permission = permissions[request.operation];
  const caller = identify(request, context);
  const reads = ["list", "get", "media"].includes(request.operation);
  const granted =
    caller === undefined
      ? reads && bucket?.options.publicRead === true
      : (caller.permissions?.includes(permission) ?? true) || (reads && bucket?.options.publicRead === true);
  if (!granted) {
    const who = caller?.email ?? "Anonymous caller";
    const what = request.operation === "list" ? "the Google Cloud Storage bucket" : "the Google Cloud Storage object";
    const message = `${who} does not have ${permission} access to ${what}. Permission '${permission}' denied on resource (or it may not exist).`;
    if (caller === undefined) throw new GcsFailure(401, "required", message);
    throw new GcsFailure(403, "forbidden", message);
  }
  checkPayer(request, bucket, caller);
}

function identify({ headers }: GcsRequest, { token, now }: AccessContext): FakeGcsToken | undefined {
  const authorization = headers["authorization"];
  if (authorization === undefined) return undefined;
  const found = token(/^Bearer (\S+)$/.exec(authorization)?.[1] ?? "");
  if (found !== undefined && now < (found.expiresAt ?? Number.POSITIVE_INFINITY)) return found;
  throw new GcsFailure(401, "authError", "Invalid Credentials");
}

function checkPayer(request: GcsRequest, bucket: Bucket | undefined, caller: FakeGcsToken | undefined): void {
  const project = request.parameters.get("userProject") ?? request.headers["x-goog-user-project"];
  if (project === undefined || project === null) {
    if (bucket?.options.requesterPays !== true) return;
    throw new GcsFailure(400, "required", "Bucket is a requester pays bucket but no user project provided.");
  }
  if (caller?.projects?.includes(project) === true) return;
  const message = `${caller?.email ?? "Anonymous caller"} does not have serviceusage.services.use access to the Google Cloud project.`;
  throw new GcsFailure(403, "forbidden", message);
}
