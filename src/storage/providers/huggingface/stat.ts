import { isStorageError } from "../../../errors.ts";
import type { ObjectInfo } from "../../storage.ts";
import { describeFile } from "./describe.ts";
import type { HubFile } from "./hub-file.ts";
import { resolveUrl } from "./hub-urls.ts";
import { isMissingPart } from "./revision.ts";
import type { HubContext, HubSession } from "./session.ts";

/**
 * Describes a file with what its own address says of it, where the listing of a mirror is no proof: the SHA-256 of what is in LFS
 * storage there, or that the id is that of the content.
 */
export async function describeClosely(
  session: HubSession,
  context: HubContext,
  commit: string | undefined,
  file: HubFile,
): Promise<ObjectInfo> {
  const { uri } = context;
  const { official } = session.settings;
  const listed = describeFile(uri, commit, file, official);
  if (listed.digestsFinal) return listed;
  const etag = await askEtag(session, context, commit, file);
  const asked: HubFile =
    etag?.length === 64
      ? { ...file, oid: undefined, sha256: etag }
      : { ...file, oid: etag === undefined || etag === file.oid ? file.oid : undefined };
  const info = describeFile(uri, commit, asked, etag !== undefined);
  return { ...info, digestsFinal: true };
}

async function askEtag(
  session: HubSession,
  context: HubContext,
  commit: string | undefined,
  file: HubFile,
): Promise<string | undefined> {
  const { uri } = context;
  try {
    const url = resolveUrl(session.settings.endpoint, uri, commit ?? uri.revision, file.path);
    const { headers, status } = await session.resolve(context, url);
    const etag = headers["x-linked-etag"] ?? (status === 200 ? headers["etag"] : undefined);
    return /^(?:W\/)?"?([0-9a-f]{64}|[0-9a-f]{40})"?$/.exec(etag ?? "")?.[1];
  } catch (error) {
    // A gated file can be described by who may not read it.
    if (isMissingPart(error) || (isStorageError(error) && error.serviceCode === "GatedRepo")) return undefined;
    throw error;
  }
}
