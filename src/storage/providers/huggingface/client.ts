import { describeUri } from "../../../uri/describe-uri.ts";
import type { HuggingFaceUri, ObjectUri } from "../../../uri/object-uri.ts";
import { applyListOptions } from "../../apply-list-options.ts";
import { throwIfAborted } from "../../cancellation.ts";
import type { HttpReadSource } from "../../read-source.ts";
import type { CallOptions, Capabilities, ListOptions, LocateOptions, ObjectInfo, Storage } from "../../storage.ts";
import { describeFile } from "./describe.ts";
import { hubError } from "./errors.ts";
import { Listings } from "./listings.ts";
import { Locator } from "./locate.ts";
import { type ResolvedRevision, resolveRevision } from "./revision.ts";
import type { HubContext, HubSession } from "./session.ts";
import { describeClosely } from "./stat.ts";

/**
 * Models and datasets of the Hugging Face Hub and its mirrors, by its HTTP API. A revision is resolved to its commit when it is
 * listed, and stays at that commit until this client lists it again.
 */
export class HubStorage implements Storage {
  readonly provider = "huggingface";
  readonly capabilities: Capabilities = {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: ["sha256", "git-sha1"],
    writes: false,
  };
  readonly #session: HubSession;
  readonly #listings: Listings;
  readonly #locator: Locator;
  readonly #listed = new Map<string, ResolvedRevision>();
  /** Revision as parsed to revision as the repository has it, for names with slashes. */
  readonly #longer = new Map<string, string>();

  constructor(session: HubSession) {
    this.#session = session;
    this.#listings = new Listings(session);
    this.#locator = new Locator(session);
  }

  async *list(prefix: ObjectUri, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const context = this.#enter("list", prefix, options);
    const resolved = await this.#resolve(context);
    const { uri } = resolved;
    this.#listed.set(revisionName(uri), resolved);
    yield* applyListOptions(this.#files({ ...context, uri }, resolved.commit, options.pageSize), uri, options);
  }

  async stat(uri: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    const context = this.#enter("stat", uri, options);
    const resolved = this.#listed.get(revisionName(context.uri)) ?? (await this.#resolve(context));
    const at = resolved.uri.revision === context.uri.revision ? context.uri : resolved.uri;
    const file =
      at.key === "" ? undefined : await this.#listings.find({ ...context, uri: at, commit: resolved.commit }, at.key);
    if (file !== undefined) return describeClosely(this.#session, { ...context, uri: at }, resolved.commit, file);
    const detail = at.key === "" ? "a repository is no file" : "the repository has no such file at this revision";
    throw hubError("not_found", "stat", context.uri, detail, "Check the path with `model-agent ls`.");
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<HttpReadSource> {
    const context = this.#enter("locate", uri, options);
    return this.#locator.locate(context.uri, options);
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #resolve(context: HubContext): Promise<ResolvedRevision> {
    const resolved = await resolveRevision(this.#session, context);
    if (resolved.gated) this.#locator.noteGated(resolved.uri);
    if (resolved.uri !== context.uri) this.#longer.set(revisionName(context.uri), resolved.uri.revision);
    return resolved;
  }

  /** The URI with what was found out before about its revision. */
  #withLongerRevision(uri: HuggingFaceUri): HuggingFaceUri {
    const revision = this.#longer.get(revisionName(uri));
    if (revision === undefined) return uri;
    const moved = revision.slice(uri.revision.length + 1);
    if (uri.key === moved) return { ...uri, revision, key: "" };
    return uri.key.startsWith(`${moved}/`) ? { ...uri, revision, key: uri.key.slice(moved.length + 1) } : uri;
  }

  async *#files(
    context: HubContext,
    commit: string | undefined,
    pageSize: number | undefined,
  ): AsyncGenerator<ObjectInfo> {
    const { uri } = context;
    const directory = uri.key.slice(0, Math.max(0, uri.key.lastIndexOf("/")));
    const files = await this.#listings.below({ ...context, commit, directory, pageSize });
    for (const file of files ?? []) {
      if (file.path.startsWith(uri.key)) yield describeFile(uri, commit, file, this.#session.settings.official);
    }
  }

  #enter(operation: string, uri: ObjectUri, { signal }: CallOptions): HubContext {
    throwIfAborted(signal, operation, describeUri(uri));
    if (uri.provider !== "huggingface") {
      const hint = "Open that URI with its own client.";
      throw hubError("config_invalid", operation, uri, "this client reads hf:// only", hint);
    }
    const context = { operation, uri: this.#withLongerRevision(uri), signal };
    this.#session.requireOnline(context);
    return context;
  }
}

function revisionName({ repositoryType, repository, revision }: HuggingFaceUri): string {
  return `${repositoryType} ${repository}@${revision}`;
}
