import { describeUri } from "../../../uri/describe-uri.ts";
import type { GithubUri, ObjectUri } from "../../../uri/object-uri.ts";
import { applyListOptions } from "../../apply-list-options.ts";
import { throwIfAborted } from "../../cancellation.ts";
import type { HttpReadSource } from "../../read-source.ts";
import { carriesToken, renewRefused } from "../../renew-refused.ts";
import type { CallOptions, Capabilities, ListOptions, LocateOptions, ObjectInfo, Storage } from "../../storage.ts";
import { describeAsset } from "./asset.ts";
import { githubError } from "./errors.ts";
import { type Release, readRelease } from "./release.ts";
import type { GithubContext, GithubSession } from "./session.ts";

/**
 * The assets of GitHub releases, by the REST API. A release stays what it was when this client listed it until it is listed again:
 * every asset is read by its id, which names exactly these bytes.
 */
export class GithubStorage implements Storage {
  readonly provider = "github";
  readonly capabilities: Capabilities = {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: ["sha256"],
    writes: false,
  };
  readonly #session: GithubSession;
  readonly #listed = new Map<string, Release>();
  /** Assets that were located before: being asked again means that the first read was refused. */
  readonly #located = new Set<string>();

  constructor(session: GithubSession) {
    this.#session = session;
  }

  async *list(prefix: ObjectUri, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const context = this.#enter("list", prefix, options);
    const release = await readRelease(this.#session, context, options.pageSize);
    this.#listed.set(releaseName(context.uri), release);
    this.#listed.set(releaseName(release.uri), release);
    yield* applyListOptions(describeAll(release), release.uri, options);
  }

  async stat(uri: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    return this.#describe(this.#enter("stat", uri, options));
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<HttpReadSource> {
    const context = this.#enter("locate", uri, options);
    const { pin } = options;
    const version = pin?.version ?? (await this.#describe(context)).version;
    const url = this.#session.repositoryUrl(context.uri, `/releases/assets/${version}`);
    // What GitHub has against the read it says in its answer to the same question in JSON.
    if (this.#located.has(url)) await this.#session.json(context, url);
    this.#located.add(url);
    const token = await renewRefused(this.#session.credentials, options, carriesToken);
    return {
      kind: "http",
      url,
      headers: {
        accept: "application/octet-stream",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      expiresAt: Number.POSITIVE_INFINITY,
      secretUrl: false,
      dropHeadersOnRedirect: true,
      network: this.#session.network,
    };
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #describe(context: GithubContext): Promise<ObjectInfo> {
    const { operation, uri } = context;
    const release = this.#listed.get(releaseName(uri)) ?? (await readRelease(this.#session, context));
    const key = release.uri.tag === uri.tag ? uri.key : uri.key.slice(release.uri.tag.length - uri.tag.length);
    const asset = release.assets.find(({ name }) => name === key);
    if (asset !== undefined) return describeAsset(release.uri, asset);
    const detail = key === "" ? "a release is no file" : `the release has no asset ${JSON.stringify(key)}`;
    throw githubError("not_found", operation, uri, detail, "Check the name with `model-agent ls`.");
  }

  #enter(operation: string, uri: ObjectUri, { signal }: CallOptions): GithubContext & { readonly uri: GithubUri } {
    throwIfAborted(signal, operation, describeUri(uri));
    if (uri.provider === "github") return { operation, uri, signal };
    const hint = "Open that URI with its own client.";
    throw githubError("config_invalid", operation, uri, "this client reads github:// only", hint);
  }
}

async function* describeAll({ uri, assets }: Release): AsyncGenerator<ObjectInfo> {
  for (const asset of assets) if (asset.name.startsWith(uri.key)) yield describeAsset(uri, asset);
}

function releaseName({ owner, repository, tag }: GithubUri): string {
  return `${owner}/${repository}@${tag}`;
}
