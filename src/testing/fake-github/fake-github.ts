import type { IncomingMessage } from "node:http";
import { bytesContent, type Content } from "../content/content.ts";
import { contentDigest } from "../content/content-digest.ts";
import { rangeAnswer } from "../loopback/range-answer.ts";
import { SignedStore } from "../loopback/signed-store.ts";
import { type Listener, startListener } from "../loopback/start-listener.ts";
import { jsonAnswer, type WebAnswer } from "../loopback/web-answer.ts";

export interface FakeGithubOptions {
  /** Tokens that are accepted, with the repositories (`owner/name`) of whose private ones they may read. */
  readonly tokens?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Epoch milliseconds; the system's time when absent. */
  readonly clock?: (() => number) | undefined;
  /** Requests per hour and asker; without a limit when absent. */
  readonly hourlyLimit?: number | undefined;
  /** Called before a request is answered: return another answer, or cut the connection, or nothing to go on. */
  readonly intercept?: ((request: FakeGithubRequest) => WebAnswer | "disconnect" | undefined) | undefined;
  /** Path before `/repos`, as on GitHub Enterprise Server: `/api/v3`. */
  readonly root?: string | undefined;
  /** Assets come from the API's own origin, without a redirect. */
  readonly noRedirects?: boolean | undefined;
  /** No `digest` in assets, as those that were uploaded before June 2025. */
  readonly noDigests?: boolean | undefined;
}

export interface FakeGithubRequest {
  readonly kind: "release" | "assets" | "asset" | "unknown";
  readonly method: string;
  readonly target: string;
  readonly accept: string;
  readonly authorized: boolean;
}

interface Asset {
  readonly id: number;
  readonly name: string;
  readonly content: Content;
  readonly state: "uploaded" | "starter";
}

interface Release {
  readonly id: number;
  readonly tag: string;
  readonly prerelease: boolean;
  readonly assets: Map<string, Asset>;
}

interface Repository {
  readonly name: string;
  readonly private: boolean;
  readonly releases: Release[];
}

/**
 * Starts GitHub's REST API for releases on loopback: pages of assets, downloads by redirect to signed addresses of another origin, tokens,
 * private repositories, rate limits.
 */
export async function startFakeGithub(options: FakeGithubOptions = {}): Promise<FakeGithub> {
  const clock = options.clock ?? Date.now;
  const store = await SignedStore.start({ clock });
  let github: FakeGithub | undefined;
  const listener = await startListener((request) => github?.answer(request) ?? { status: 503 });
  github = new FakeGithub(options, listener, store, clock);
  return github;
}

/** A running fake GitHub, and the door for tests behind its back. */
export class FakeGithub {
  /** Where the bytes of assets lie. */
  readonly store: SignedStore;
  /** Every request to the API, in order of arrival. */
  readonly requests: FakeGithubRequest[] = [];
  readonly #options: FakeGithubOptions;
  readonly #listener: Listener;
  readonly #clock: () => number;
  readonly #repositories = new Map<string, Repository>();
  readonly #used = new Map<string, number>();
  #lastId = 1000;

  constructor(options: FakeGithubOptions, listener: Listener, store: SignedStore, clock: () => number) {
    this.#options = options;
    this.#listener = listener;
    this.store = store;
    this.#clock = clock;
  }

  /** Root of the API. */
  get url(): string {
    return this.#listener.url + (this.#options.root ?? "");
  }

  createRepository(name: string, options: { readonly private?: boolean } = {}): void {
    this.#repositories.set(name, { name, private: options.private ?? false, releases: [] });
  }

  /** Puts assets into a release, which is made when it is not there yet; an asset that is there is replaced, undefined removes it. */
  release(
    name: string,
    tag: string,
    assets: Readonly<Record<string, Content | Uint8Array | string | undefined>>,
    options: { readonly prerelease?: boolean; readonly unfinished?: boolean } = {},
  ): void {
    if (!this.#repositories.has(name)) this.createRepository(name);
    const repository = this.#repositories.get(name);
    let release = repository?.releases.find((candidate) => candidate.tag === tag);
    if (release === undefined) {
      release = { id: this.#newId(), tag, prerelease: options.prerelease ?? false, assets: new Map() };
      repository?.releases.push(release);
    }
    for (const [asset, value] of Object.entries(assets)) {
      release.assets.delete(asset);
      if (value === undefined) continue;
      const content = typeof value === "string" || value instanceof Uint8Array ? bytesContent(value) : value;
      const state = options.unfinished === true ? "starter" : "uploaded";
      release.assets.set(asset, { id: this.#newId(), name: asset, content, state });
    }
  }

  removeReleases(name: string): void {
    this.#repositories.get(name)?.releases.splice(0);
  }

  async close(): Promise<void> {
    await Promise.all([this.#listener.close(), this.store.close()]);
  }

  /** Answers one request. */
  answer(incoming: IncomingMessage): WebAnswer | "disconnect" {
    const target = incoming.url ?? "/";
    const { authorization, accept = "" } = incoming.headers;
    const route = this.#route(target);
    const request = {
      kind: route?.kind ?? "unknown",
      method: incoming.method ?? "GET",
      target,
      accept,
      authorized: authorization !== undefined,
    } as const;
    this.requests.push(request);
    const intercepted = this.#options.intercept?.(request);
    if (intercepted !== undefined) return intercepted;
    if (incoming.headers["user-agent"] === undefined) return refusal(403, "Request forbidden by administrative rules.");
    const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
    const grants = token === undefined ? undefined : this.#options.tokens?.[token];
    if (authorization !== undefined && grants === undefined) return refusal(401, "Bad credentials");
    const limit = this.#takeRequest(token ?? "");
    if (limit.refused) return refusal(403, "API rate limit exceeded for 127.0.0.1.", limit.headers);
    const repository = route === undefined ? undefined : this.#repositories.get(route.repository);
    const visible = repository !== undefined && (!repository.private || grants?.includes(repository.name) === true);
    const answer = route !== undefined && visible ? this.#serve(route, repository, incoming) : undefined;
    const { status, headers, ...rest } = answer ?? refusal(404, "Not Found");
    return { ...rest, status, headers: { ...limit.headers, ...headers } };
  }

  #route(
    target: string,
  ): { kind: FakeGithubRequest["kind"]; repository: string; below: string; query: URLSearchParams } | undefined {
    const url = new URL(target, this.#listener.url);
    const root = this.#options.root ?? "";
    if (!url.pathname.startsWith(`${root}/repos/`)) return undefined;
    const [owner, name, releases, ...rest] = url.pathname.slice(root.length + 7).split("/");
    if (releases !== "releases") return undefined;
    const below = rest.join("/");
    const kind = rest[0] === "assets" ? "asset" : rest[1] === "assets" ? "assets" : "release";
    return { kind, repository: `${owner}/${name}`, below, query: url.searchParams };
  }

  #serve(
    route: { readonly kind: FakeGithubRequest["kind"]; readonly below: string; readonly query: URLSearchParams },
    repository: Repository,
    incoming: IncomingMessage,
  ): WebAnswer | undefined {
    const { below, query } = route;
    if (route.kind === "asset") return this.#asset(Number(below.split("/")[1]), repository, incoming);
    if (route.kind === "assets") {
      const release = repository.releases.find(({ id }) => id === Number(below.split("/")[0]));
      return release === undefined ? undefined : this.#page(release, repository, query);
    }
    const tag = below.startsWith("tags/") ? decodeURIComponent(below.slice(5)) : undefined;
    const release =
      below === "latest"
        ? repository.releases.findLast(({ prerelease }) => !prerelease)
        : repository.releases.find((candidate) => candidate.tag === tag);
    return release && jsonAnswer({ id: release.id, tag_name: release.tag, prerelease: release.prerelease, assets: [] });
  }

  #page({ id, assets }: Release, { name }: Repository, query: URLSearchParams): WebAnswer {
    const size = Math.min(100, Number(query.get("per_page") ?? 30));
    const page = Number(query.get("page") ?? 1);
    const all = [...assets.values()];
    const entries = all.slice((page - 1) * size, page * size).map((asset) => this.#describe(asset, name));
    if (page * size >= all.length) return jsonAnswer(entries);
    const next = `${this.url}/repos/${name}/releases/${id}/assets?per_page=${size}&page=${page + 1}`;
    return jsonAnswer(entries, { link: `<${next}>; rel="next", <${next}>; rel="last"` });
  }

  #asset(id: number, repository: Repository, incoming: IncomingMessage): WebAnswer | undefined {
    const asset = repository.releases.flatMap(({ assets }) => [...assets.values()]).find((one) => one.id === id);
    if (asset === undefined) return undefined;
    if (incoming.headers.accept !== "application/octet-stream")
      return jsonAnswer(this.#describe(asset, repository.name));
    const etag = `"0x${id.toString(16).toUpperCase()}"`;
    if (this.#options.noRedirects === true) return rangeAnswer(asset.content, incoming.headers.range, { etag });
    this.store.put(String(id), asset.content, etag);
    const location = this.store.sign(String(id), Math.floor(this.#clock() / 1000) + 3600);
    return { status: 302, headers: { location } };
  }

  #describe({ id, name, content, state }: Asset, repository: string): unknown {
    const digest = this.#options.noDigests === true ? null : `sha256:${contentDigest(content, "sha256")}`;
    return {
      id,
      name,
      size: content.size,
      state,
      digest,
      content_type: "application/octet-stream",
      updated_at: "2026-01-02T03:04:05Z",
      url: `${this.url}/repos/${repository}/releases/assets/${id}`,
    };
  }

  #takeRequest(asker: string): { readonly refused: boolean; readonly headers: Readonly<Record<string, string>> } {
    const { hourlyLimit } = this.#options;
    if (hourlyLimit === undefined) return { refused: false, headers: {} };
    const hour = Math.floor(this.#clock() / 3600_000);
    const key = `${asker} ${hour}`;
    const used = (this.#used.get(key) ?? 0) + 1;
    this.#used.set(key, used);
    const headers = {
      "x-ratelimit-limit": String(hourlyLimit),
      "x-ratelimit-remaining": String(Math.max(0, hourlyLimit - used)),
      "x-ratelimit-reset": String((hour + 1) * 3600),
    };
    return { refused: used > hourlyLimit, headers };
  }

  #newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}

function refusal(status: number, message: string, headers: Readonly<Record<string, string>> = {}): WebAnswer {
  const body = { message, documentation_url: "https://docs.github.com/rest" };
  return jsonAnswer(body, { ...headers, "x-github-request-id": "ABCD:1234" }, status);
}
