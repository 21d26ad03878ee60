import { isStorageError, type StorageError } from "../../../errors.ts";
import type { HuggingFaceUri } from "../../../uri/object-uri.ts";
import { apiUrl, resolveUrl } from "./hub-urls.ts";
import type { HubContext, HubSession } from "./session.ts";
import { readTree } from "./tree.ts";

/** A revision that exists, and the commit that it names at this moment. */
export interface ResolvedRevision {
  /** The URI with its revision and path told apart as the repository has them. */
  readonly uri: HuggingFaceUri;
  /** Undefined where a mirror does not tell. */
  readonly commit: string | undefined;
  /** Access has to be granted by the repository's owner. */
  readonly gated: boolean;
}

export const commitPattern = /^[0-9a-f]{40}$/;

/** Slashes that the name of a branch may have. */
const maxMoves = 8;

/**
 * Finds the commit of a URI's revision. `@feature/x` is parsed as revision `feature` and path `x`; where there is no `feature`, the
 * branch `feature/x` is meant, so that leading segments of the path are moved into the revision until one exists.
 *
 * @throws StorageError `not_found`.
 */
export async function resolveRevision(session: HubSession, context: HubContext): Promise<ResolvedRevision> {
  let first: StorageError | undefined;
  let { uri } = context;
  for (let moves = 0; ; moves++) {
    try {
      return { uri, ...(await commitOf(session, { ...context, uri })) };
    } catch (error) {
      if (!isStorageError(error) || error.serviceCode !== "RevisionNotFound") throw error;
      first ??= error;
      const longer = moves < maxMoves ? moveSegment(uri) : undefined;
      if (longer === undefined) throw first;
      uri = longer;
    }
  }
}

function moveSegment(uri: HuggingFaceUri): HuggingFaceUri | undefined {
  const [segment = "", ...rest] = uri.key.split("/");
  if (segment === "" || commitPattern.test(uri.revision)) return undefined;
  return { ...uri, revision: `${uri.revision}/${segment}`, key: rest.join("/") };
}

async function commitOf(session: HubSession, context: HubContext): Promise<Omit<ResolvedRevision, "uri">> {
  const told = await askApi(session, context);
  if (told !== undefined) return told;
  const commit = commitPattern.test(context.uri.revision) ? context.uri.revision : await askFile(session, context);
  return { commit, gated: false };
}

/** Asks the API for the revision; undefined on a mirror that does not have that part of it. */
async function askApi(session: HubSession, context: HubContext): Promise<Omit<ResolvedRevision, "uri"> | undefined> {
  const { uri } = context;
  const url = apiUrl(session.settings.endpoint, uri, `/revision/${encodeURIComponent(uri.revision)}`);
  try {
    const { value } = await session.json(context, url);
    if (typeof value !== "object" || value === null) return undefined;
    const { sha, gated } = value as { readonly sha?: unknown; readonly gated?: unknown };
    if (typeof sha !== "string" || !commitPattern.test(sha)) return undefined;
    return { commit: sha, gated: gated !== undefined && gated !== false && gated !== null };
  } catch (error) {
    if (isMissingPart(error)) return undefined;
    throw error;
  }
}

/** Asks for the `X-Repo-Commit` of any file. */
async function askFile(session: HubSession, context: HubContext): Promise<string | undefined> {
  const { uri } = context;
  const { endpoint } = session.settings;
  const files = await readTree(session, { ...context, revision: uri.revision, directory: "", recursive: false });
  const file = files?.[0];
  if (file !== undefined) {
    try {
      const { headers } = await session.resolve(context, resolveUrl(endpoint, uri, uri.revision, file.path));
      const commit = headers["x-repo-commit"];
      if (commit !== undefined && commitPattern.test(commit)) return commit;
    } catch (error) {
      if (!isMissingPart(error)) throw error;
    }
  }
  session.logger.warn(
    { endpoint, repository: uri.repository, revision: uri.revision },
    "the mirror does not tell the commit: files are held to the listing's digests, and another revision of one is an error",
  );
  return undefined;
}

/** Answers that say "I do not have this", not "there is no such repository": the Hub itself always gives a code. */
export function isMissingPart(error: unknown): boolean {
  if (!isStorageError(error) || error.serviceCode !== undefined) return false;
  if (error.code === "protocol" || error.code === "unsupported") return true;
  return error.httpStatus === 404 || error.httpStatus === 405 || error.httpStatus === 400;
}
