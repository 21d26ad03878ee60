import type { GcsUri } from "../../../uri/object-uri.ts";
import type { PutOptions } from "../../storage.ts";
import { gcsError } from "./errors.ts";
import { objectFields } from "./object-resource.ts";
import { type Call, objectPath } from "./session.ts";

/** The request that begins an upload. */
export function uploadCall(uri: GcsUri, options: PutOptions, uploadType: "multipart" | "resumable"): Call {
  return {
    action: "put",
    uri,
    signal: options.signal,
    method: "POST",
    path: `/upload${objectPath({ ...uri, key: "" })}`,
    query: {
      uploadType,
      fields: objectFields,
      ifGenerationMatch: options.ifNoneMatch === true ? "0" : undefined,
    },
    // The answer to a repetition would be that the object exists.
    onlyAnswered: options.ifNoneMatch,
  };
}

/** Fails where a body is not as long as was announced. */
export function checkSize(uri: GcsUri, size: number, announced: number | undefined): void {
  if (announced === undefined || announced === size) return;
  throw gcsError(
    "config_invalid",
    { operation: "put", uri },
    `the body has ${size} bytes, ${announced} were announced`,
    "Give the body's exact size, or none.",
  );
}
