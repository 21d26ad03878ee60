import { isStorageError } from "../../../errors.ts";
import type { GithubUri } from "../../../uri/object-uri.ts";
import { nextLink } from "../../http/next-link.ts";
import { compareKeys } from "../../key-order.ts";
import { type Asset, parseAsset } from "./asset.ts";
import { githubError } from "./errors.ts";
import type { GithubContext, GithubSession } from "./session.ts";

/** A release with all of its files, by name. */
export interface Release {
  /** The URI with its tag and asset told apart as the repository has them. */
  readonly uri: GithubUri;
  readonly assets: readonly Asset[];
}

/** GitHub allows 1,000 assets in a release. */
const maxPages = 100;
const maxPageSize = 100;
/** Slashes that a tag may have. */
const maxMoves = 8;

/**
 * Reads a release and every page of its assets. `latest` is what GitHub calls so, else a release of that tag. `@pkg/v1` is parsed as
 * tag `pkg` and asset `v1`; where there is no release `pkg`, the tag `pkg/v1` is meant.
 *
 * @throws StorageError `not_found`.
 */
export async function readRelease(session: GithubSession, context: GithubContext, pageSize?: number): Promise<Release> {
  const { uri, id } = await findRelease(session, context);
  const assets: Asset[] = [];
  const size = Math.min(maxPageSize, pageSize ?? maxPageSize);
  let url: string | undefined = session.repositoryUrl(uri, `/releases/${id}/assets?per_page=${size}`);
  for (let pages = 0; url !== undefined; pages++) {
    const { value, headers } = await session.json(context, url);
    if (!Array.isArray(value) || (pages >= maxPages && pageSize === undefined)) throw malformed(context);
    for (const entry of value as readonly unknown[]) {
      const asset = parseAsset(entry);
      if (asset === "malformed") throw malformed(context);
      if (asset !== undefined) assets.push(asset);
      else session.logger.warn({ release: id }, "an asset whose upload was never finished is left out");
    }
    url = nextLink(headers["link"], url, session.endpoint);
  }
  return { uri, assets: assets.sort((left, right) => compareKeys(left.name, right.name)) };
}

async function findRelease(
  session: GithubSession,
  context: GithubContext,
): Promise<{ readonly uri: GithubUri; readonly id: number }> {
  let first: unknown;
  let { uri } = context;
  for (let moves = 0; ; moves++) {
    for (const below of addressesOf(uri)) {
      try {
        const { value } = await session.json({ ...context, uri }, session.repositoryUrl(uri, below));
        const id = typeof value === "object" && value !== null ? (value as { readonly id?: unknown }).id : undefined;
        if (typeof id !== "number") throw malformed(context);
        return { uri, id };
      } catch (error) {
        if (!isStorageError(error) || error.httpStatus !== 404) throw error;
        first ??= error;
      }
    }
    const longer = moves < maxMoves ? moveSegment(uri) : undefined;
    if (longer === undefined) throw first;
    uri = longer;
  }
}

function addressesOf({ tag }: GithubUri): readonly string[] {
  const byTag = `/releases/tags/${encodeURIComponent(tag)}`;
  return tag === "latest" ? ["/releases/latest", byTag] : [byTag];
}

function moveSegment(uri: GithubUri): GithubUri | undefined {
  const [segment = "", ...rest] = uri.key.split("/");
  if (segment === "" || uri.tag === "latest") return undefined;
  return { ...uri, tag: `${uri.tag}/${segment}`, key: rest.join("/") };
}

function malformed({ operation, uri }: GithubContext) {
  const hint = "Check the endpoint: it has to be the root of GitHub's REST API.";
  return githubError("protocol", operation, uri, "the answer is not one of GitHub's API", hint);
}
