import type { BlobItem, BlobPrefix } from "@azure/storage-blob";
import type { AzureUri } from "../../../uri/object-uri.ts";
import { applyListOptions } from "../../apply-list-options.ts";
import type { ListOptions, ObjectInfo } from "../../storage.ts";
import { describeBlob } from "./describe.ts";
import { azureError } from "./errors.ts";
import type { AzureSession } from "./session.ts";

/** The service's own limit; it may give less and says whether there is more. */
const maxPageSize = 5000;

interface Page {
  readonly segment: {
    readonly blobItems: readonly BlobItem[];
    readonly blobPrefixes?: readonly BlobPrefix[] | undefined;
  };
  readonly continuationToken?: string | undefined;
}

/**
 * Streams a listing page by page, to where the service names no next page; empty pages in between are normal. The service
 * cannot start behind a key in every version, so that keys are skipped here.
 */
export async function* listObjects(
  session: AzureSession,
  prefix: AzureUri,
  options: ListOptions = {},
): AsyncGenerator<ObjectInfo> {
  const { startAfter, delimiter, ...rest } = options;
  if (startAfter === undefined || startAfter === "") yield* listPages(session, prefix, options);
  else yield* applyListOptions(listPages(session, prefix, { ...rest, maxResults: undefined }), prefix, options);
}

async function* listPages(session: AzureSession, prefix: AzureUri, options: ListOptions): AsyncGenerator<ObjectInfo> {
  const { maxResults = Number.POSITIVE_INFINITY, delimiter, signal } = options;
  const call = { action: "list", uri: prefix, signal } as const;
  let left = maxResults;
  let token: string | undefined;
  let group: string | undefined;
  do {
    const settings = {
      maxPageSize: Math.min(options.pageSize ?? maxPageSize, Math.max(1, left)),
      ...(token === undefined ? {} : { continuationToken: token }),
    };
    const page = await session.run(call, async (container): Promise<Page> => {
      // Metadata tells the directories of accounts with a hierarchical namespace.
      const wanted = { includeMetadata: true, ...(prefix.key === "" ? {} : { prefix: prefix.key }) };
      const pages =
        delimiter === undefined
          ? container.listBlobsFlat(wanted).byPage(settings)
          : container.listBlobsByHierarchy(delimiter, wanted).byPage(settings);
      const { value } = await pages.next();
      if (value !== undefined) return value;
      return { segment: { blobItems: [] } };
    });
    for (const { name } of page.segment.blobPrefixes ?? []) {
      // A group that goes on over the end of a page may be told twice.
      if (name !== group) options.onPrefix?.({ prefix: name });
      group = name;
    }
    for (const item of page.segment.blobItems) {
      yield describeBlob({ ...prefix, key: item.name }, item.properties, item.metadata, session.rangeDigests);
      left -= 1;
      if (left <= 0) return;
    }
    token = nextToken(page.continuationToken, prefix, token);
  } while (token !== undefined);
}

function nextToken(next: string | undefined, prefix: AzureUri, token: string | undefined): string | undefined {
  if (next === undefined || next === "") return undefined;
  if (next !== token) return next;
  const context = { operation: "list", uri: prefix } as const;
  throw azureError("protocol", context, "the listing does not get on", "Check the endpoint.").with({
    retry: "permanent",
  });
}
