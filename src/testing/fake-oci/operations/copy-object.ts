import type { Answer } from "../../fake-s3/answer.ts";
import { OciFailure, objectNotFound } from "../oci-failure.ts";
import { jsonAnswer, type OperationContext } from "../operation-context.ts";
import { parseBody } from "./multipart.ts";

/** Takes the order at once and tells of its end by a work request. */
export function copyObject(context: OperationContext): Answer {
  const { store, region, now, options } = context;
  const source = context.bucket();
  const details = parseBody(context);
  const [from, to] = [String(details["sourceObjectName"]), String(details["destinationObjectName"])];
  const object = source.current(from);
  if (object === undefined) throw objectNotFound(store.namespace, source.name, from);
  const pinned = details["sourceObjectIfMatchETag"];
  if (pinned !== undefined && pinned !== object.etag) {
    throw new OciFailure(412, "IfMatchFailed", "The source object is not the one that was asked for");
  }
  if (details["destinationRegion"] !== region) {
    throw new OciFailure(400, "InvalidRegion", `The region '${String(details["destinationRegion"])}' is not known`);
  }
  const target = store.bucket(String(details["destinationBucket"]));
  const failure = options.refuseCopies
    ? {
        code: "InsufficientServicePermissions",
        message: `Permissions granted to the object storage service principal "objectstorage-${region}" to this bucket are insufficient.`,
      }
    : undefined;
  if (failure === undefined) target.put(to, { ...object, lastModified: now });
  const { id } = store.createWorkRequest(options.copyPolls ?? 1, failure);
  return { status: 202, headers: { "opc-work-request-id": id } };
}

export function getWorkRequest(context: OperationContext): Answer {
  const request = context.store.workRequest(context.request.name);
  const ended = request.failure === undefined ? "COMPLETED" : "FAILED";
  const status = request.pollsLeft > 0 ? "IN_PROGRESS" : ended;
  request.pollsLeft -= 1;
  return jsonAnswer({
    id: request.id,
    operationType: "COPY_OBJECT",
    status,
    percentComplete: status === "IN_PROGRESS" ? 50 : 100,
  });
}

export function listWorkRequestErrors(context: OperationContext): Answer {
  const { failure } = context.store.workRequest(context.request.name.replace(/\/errors$/, ""));
  return jsonAnswer(failure === undefined ? [] : [{ ...failure, timestamp: new Date(context.now).toISOString() }]);
}
