import type { S3Uri } from "../../../uri/object-uri.ts";
import type { S3Session } from "./session.ts";

/** What every request for one object names. `version` stands above the version of the settings. */
export function objectInput(
  session: S3Session,
  uri: S3Uri,
  version?: string,
): {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
  readonly RequestPayer?: "requester";
} {
  const { settings } = session;
  const configured = uri.key === settings.versionedKey ? settings.versionId : undefined;
  const versionId = version ?? configured;
  return {
    Bucket: uri.bucket,
    Key: uri.key,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
    ...(settings.requesterPays ? { RequestPayer: "requester" } : {}),
  };
}
