import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StorageError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import { diskError } from "../store/disk-error.ts";
import { nodeFileSystem as fileSystem } from "../store/file-system.ts";
import { safePath } from "../store/safe-path.ts";
import { writeDurably } from "../store/write-durably.ts";
import { describeUri } from "../uri/describe-uri.ts";
import type { HuggingFaceUri, ObjectUri } from "../uri/object-uri.ts";
import { deliver } from "./deliver.ts";
import type { DeliveryPlace, DeliveryRequest, DeliveryResult } from "./delivery-types.ts";
import { withSource } from "./open-source.ts";
import { type DeliveryPlan, planDelivery } from "./plan-delivery.ts";
import { selectionOf } from "./selection-of.ts";

/** A repository in a Hugging Face cache, at the commit that its revision names now. */
interface CachePlace {
  /** The same request, for the commit, into its snapshot. */
  readonly place: Pick<DeliveryPlace, "source" | "destination" | "selection">;
  readonly commit: string;
  /** File that names the commit of a branch or tag; undefined when the revision is a commit. */
  readonly reference: string | undefined;
}

/**
 * Delivers a model into a Hugging Face cache, whose directory is the request's destination: `models--org--name/snapshots/{commit}/` gets
 * files, not links, as Hugging Face's own client lays them out where it has no links; `refs/{revision}` names the commit once the
 * model is proven. `from_pretrained`, vLLM and `snapshot_download` then find it without a request.
 *
 * Throws `config_invalid` for what is not a whole repository of the Hub, `unsupported` for a mirror that tells no commit, and
 * what {@link deliver} throws.
 */
export async function deliverToHubCache(request: DeliveryRequest): Promise<DeliveryResult> {
  return withSource(request, async (client, uri) => {
    const { place, commit, reference } = await cachePlace(request, client, uri);
    const result = await deliver({ ...request, ...place });
    if (reference !== undefined) await writeReference(reference, commit);
    return result;
  });
}

/** Plans what {@link deliverToHubCache} would do; nothing is changed to find out. */
export async function planHubCache(request: DeliveryPlace): Promise<DeliveryPlan> {
  return withSource(request, async (client, uri) => {
    const { place } = await cachePlace(request, client, uri);
    return planDelivery({ ...request, ...place });
  });
}

async function cachePlace(request: DeliveryPlace, client: Storage, uri: ObjectUri): Promise<CachePlace> {
  const { destination, signal } = request;
  if (uri.provider !== "huggingface")
    throw refusal(uri, "only repositories of the Hub (hf://) have a place in its cache");
  for await (const { uri: found, version } of client.list(uri, { maxResults: 1, signal })) {
    const { revision } = found.provider === "huggingface" ? found : uri;
    // A slash in the name of a branch may have been read as the beginning of a path.
    if (revision === uri.revision && uri.key !== "") {
      throw refusal(uri, "the cache holds whole repositories, and the URI names a path in one");
    }
    if (found.provider !== "huggingface" || version === undefined) throw noCommit(uri);
    const repository = join(destination, repositoryDirectory(found));
    const references = join(repository, "refs");
    const pinned: HuggingFaceUri = { ...found, revision: version, key: "" };
    return {
      place: {
        source: { client, uri: pinned },
        destination: join(repository, "snapshots", version),
        selection: selectionOf(request),
      },
      commit: version,
      reference: revision === version ? undefined : join(references, safePath(revision, references)),
    };
  }
  throw new StorageError({
    code: "not_found",
    operation: "list",
    provider: client.provider,
    target: describeUri(uri),
    detail: "there are no files",
    hint: "Check the repository and its revision with `model-agent ls`.",
  });
}

/** `models--org--name`, as `repo_folder_name` of huggingface_hub makes it. */
function repositoryDirectory({ repositoryType, repository }: HuggingFaceUri): string {
  return [`${repositoryType}s`, ...repository.split("/")].join("--");
}

async function writeReference(path: string, commit: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === commit) return;
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw diskError(error, "create", dirname(path));
  }
  await writeDurably(fileSystem, path, commit);
}

function refusal(uri: ObjectUri, detail: string): StorageError {
  const hint = "Leave the layout out to deliver into a plain directory; --include chooses among a repository's files.";
  return new StorageError({
    code: "config_invalid",
    operation: "use hf-cache layout",
    target: describeUri(uri),
    detail,
    hint,
  });
}

function noCommit(uri: ObjectUri): StorageError {
  return new StorageError({
    code: "unsupported",
    operation: "use hf-cache layout",
    target: describeUri(uri),
    detail: "the mirror does not tell the commit, which the cache is laid out by",
    hint: "Name a commit as the revision, or use another mirror.",
  });
}
