import type { OciOperation } from "../oci-operation.ts";
import { jsonAnswer, type OperationHandler } from "../operation-context.ts";
import { copyObject, getWorkRequest, listWorkRequestErrors } from "./copy-object.ts";
import { listObjects } from "./list-objects.ts";
import { abortMultipartUpload, commitMultipartUpload, createMultipartUpload, uploadPart } from "./multipart.ts";
import { deleteObject, putObject } from "./put-object.ts";
import { readObject } from "./read-object.ts";

export const operationHandlers: Readonly<Record<OciOperation, OperationHandler>> = {
  GetNamespace: ({ store }) => jsonAnswer(store.namespace),
  HeadBucket: (context) => jsonAnswer({ namespace: context.store.namespace, name: context.bucket().name }),
  ListObjects: listObjects,
  HeadObject: readObject,
  GetObject: readObject,
  PutObject: putObject,
  DeleteObject: deleteObject,
  CopyObject: copyObject,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  CommitMultipartUpload: commitMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  GetWorkRequest: getWorkRequest,
  ListWorkRequestErrors: listWorkRequestErrors,
};
