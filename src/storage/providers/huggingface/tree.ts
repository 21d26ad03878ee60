import { isStorageError } from "../../../errors.ts";
import { nextLink } from "../../http/next-link.ts";
import { compareKeys } from "../../key-order.ts";
import { hubError } from "./errors.ts";
import { type HubFile, parseTreeEntry } from "./hub-file.ts";
import { apiUrl, encodePath } from "./hub-urls.ts";
import type { HubContext, HubSession } from "./session.ts";

export interface TreeRequest extends HubContext {
  /** Commit, or the revision's name where no commit is to be had. */
  readonly revision: string;
  /** Without slashes at its ends; empty for the whole repository. */
  readonly directory: string;
  readonly recursive: boolean;
  /** Entries per page; the Hub's own choice when absent. */
  readonly pageSize?: number | undefined;
}

/** Pages of a listing: a Hub that sends us in circles is left after a million files. */
const maxPages = 10_000;

/**
 * The files of a directory at a revision, in key order, every page of them; undefined when there is no such directory.
 *
 * @throws StorageError `not_found` for a repository or revision that does not exist, `protocol` for a listing that is none.
 */
export async function readTree(session: HubSession, request: TreeRequest): Promise<readonly HubFile[] | undefined> {
  const files: HubFile[] = [];
  try {
    let url: string | undefined = firstPage(session, request);
    for (let pages = 0; url !== undefined; pages++) {
      if (pages >= maxPages) throw noListing(request, "does not end");
      const { value, headers } = await session.json(request, url);
      if (!Array.isArray(value)) throw noListing(request, "is no list");
      for (const entry of value as readonly unknown[]) {
        const file = parseTreeEntry(entry);
        if (file === "malformed") throw noListing(request, "has an entry without path, type or size");
        if (file !== undefined) files.push(file);
      }
      url = nextLink(headers["link"], url, session.settings.endpoint);
    }
  } catch (error) {
    if (isStorageError(error) && error.serviceCode === "EntryNotFound") return undefined;
    throw error;
  }
  return files.sort((left, right) => compareKeys(left.path, right.path));
}

function firstPage({ settings }: HubSession, { uri, revision, directory, recursive, pageSize }: TreeRequest): string {
  const below = directory === "" ? "" : `/${encodePath(directory)}`;
  const limit = pageSize === undefined ? "" : `&limit=${pageSize}`;
  const query = `?recursive=${recursive}&expand=false${limit}`;
  return apiUrl(settings.endpoint, uri, `/tree/${encodeURIComponent(revision)}${below}${query}`);
}

function noListing({ operation, uri }: TreeRequest, problem: string) {
  const hint = "Check the endpoint: it has to speak the API of the Hugging Face Hub.";
  return hubError("protocol", operation, uri, `the listing ${problem}`, hint);
}
