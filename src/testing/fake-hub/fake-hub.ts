import type { IncomingMessage } from "node:http";
import { SignedStore } from "../loopback/signed-store.ts";
import { type Listener, startListener } from "../loopback/start-listener.ts";
import { jsonAnswer, type WebAnswer } from "../loopback/web-answer.ts";
import { answerResolve } from "./answer-resolve.ts";
import { answerPaths, answerTree } from "./answer-tree.ts";
import { authenticate, requireGrant, visible } from "./check-access.ts";
import type { Budget, FakeHubOptions, FakeHubRequest, FakeHubToken } from "./fake-hub-options.ts";
import { HubRefusal, revisionNotFound } from "./hub-refusal.ts";
import { type HubRoute, routeOf } from "./hub-route.ts";
import { RateWindows } from "./rate-windows.ts";
import { type CommitChanges, FakeRepository, type FakeRepositoryOptions } from "./repository.ts";

/**
 * Starts a Hugging Face Hub on loopback: repositories with commits, paged listings, files in LFS storage behind signed addresses of
 * another origin, tokens, gated and private repositories, request budgets. Everything is kept in memory unless contents say
 * otherwise.
 */
export async function startFakeHub(options: FakeHubOptions = {}): Promise<FakeHub> {
  const clock = options.clock ?? Date.now;
  const store = await SignedStore.start({ clock, intercept: options.interceptStore });
  let hub: FakeHub | undefined;
  const listener = await startListener((request) => hub?.answer(request) ?? { status: 503 });
  hub = new FakeHub(options, listener, store, clock);
  return hub;
}

/** A running fake Hub, and the door for tests behind its back. */
export class FakeHub {
  /** The content delivery network. */
  readonly store: SignedStore;
  /** Every request to the Hub, in order of arrival. */
  readonly requests: FakeHubRequest[] = [];
  readonly limits: RateWindows;
  readonly #options: FakeHubOptions;
  readonly #listener: Listener;
  readonly #clock: () => number;
  readonly #tokens: Map<string, FakeHubToken>;
  readonly #repositories = new Map<string, FakeRepository>();

  constructor(options: FakeHubOptions, listener: Listener, store: SignedStore, clock: () => number) {
    this.#options = options;
    this.#listener = listener;
    this.store = store;
    this.#clock = clock;
    this.#tokens = new Map((options.tokens ?? []).map((token) => [token.token, token]));
    this.limits = new RateWindows(options, clock);
  }

  /** `http://127.0.0.1:PORT`: what `HF_ENDPOINT` has to be. */
  get url(): string {
    return this.#listener.url;
  }

  createRepository(options: string | FakeRepositoryOptions): FakeRepository {
    const repository = new FakeRepository(typeof options === "string" ? { name: options } : options);
    this.#repositories.set(`${repository.options.type ?? "model"} ${repository.options.name}`, repository);
    return repository;
  }

  /** Commits to a repository, which is made when it is not there yet. Gives the commit's id. */
  commit(name: string, changes: CommitChanges, branch = "main"): string {
    const repository = this.#repositories.get(`model ${name}`) ?? this.createRepository(name);
    return repository.commit(changes, branch);
  }

  addToken(token: FakeHubToken): void {
    this.#tokens.set(token.token, token);
  }

  revokeToken(token: string): void {
    this.#tokens.delete(token);
  }

  /** Requests of one kind so far. */
  count(kind: FakeHubRequest["kind"]): number {
    return this.requests.filter((request) => request.kind === kind).length;
  }

  async close(): Promise<void> {
    await Promise.all([this.#listener.close(), this.store.close()]);
  }

  /** Answers one request. */
  async answer(incoming: IncomingMessage): Promise<WebAnswer | "disconnect"> {
    const target = incoming.url ?? "/";
    const url = new URL(target, this.url);
    const route = routeOf(url.pathname);
    const { kind, repository, path } = route;
    const request: FakeHubRequest = {
      kind,
      method: incoming.method ?? "GET",
      target,
      repository,
      path,
      authorized: incoming.headers.authorization !== undefined,
      userAgent: incoming.headers["user-agent"] ?? "",
      count: this.count(kind) + 1,
    };
    this.requests.push(request);
    const budget: Budget = kind === "resolve" ? "resolvers" : "api";
    const { refused, headers } = this.limits.take(budget);
    const answer = this.#options.intercept?.(request) ?? (await this.#serve(incoming, url, route, refused));
    return answer === "disconnect" ? answer : { ...answer, headers: { ...headers, ...answer.headers } };
  }

  async #serve(incoming: IncomingMessage, url: URL, route: HubRoute, refused: boolean): Promise<WebAnswer> {
    const quirks = this.#options.quirks ?? {};
    if (refused) {
      const page = "<html><body><h1>429</h1>We had to rate limit your IP</body></html>";
      return { status: 429, headers: { "content-type": "text/html" }, body: page };
    }
    try {
      return await this.#serveRoute(incoming, url, route);
    } catch (error) {
      if (error instanceof HubRefusal) return error.answer(quirks.noErrorCodes !== true);
      throw error;
    }
  }

  async #serveRoute(incoming: IncomingMessage, url: URL, route: HubRoute): Promise<WebAnswer> {
    const quirks = this.#options.quirks ?? {};
    const asker = authenticate(incoming.headers.authorization, this.#tokens);
    if (route.kind === "whoami") {
      if (asker === undefined) throw new HubRefusal(401, undefined, "Invalid username or password.");
      return jsonAnswer({ type: "user", name: asker.user, auth: { type: "access_token" } });
    }
    if (route.kind === "unknown" || (route.kind === "info" && quirks.noRevisionApi === true)) return notFoundPage;
    const repository = visible(this.#repositories.get(`${route.type} ${route.repository}`), asker);
    if (route.kind === "auth-check") {
      if (quirks.noAuthCheck === true) return notFoundPage;
      requireGrant(repository, asker);
      return { status: 200, body: "OK" };
    }
    const commit = repository.resolve(route.revision);
    if (commit === undefined) throw revisionNotFound(route.revision);
    if (route.kind === "info") return repositoryInfo(repository, commit);
    if (route.kind === "tree") {
      const pageSize = this.#options.pageSize ?? 1000;
      return answerTree({ repository, commit, directory: route.path, query: url.searchParams, url, pageSize, quirks });
    }
    if (route.kind === "paths-info") return answerPaths(repository, commit, await readPaths(incoming), quirks);
    requireGrant(repository, asker);
    const { method = "GET", headers } = incoming;
    const expires = Math.floor(this.#clock() / 1000) + (this.#options.signatureSeconds ?? 3600);
    return answerResolve({
      method,
      range: headers.range,
      route,
      repository,
      commit,
      store: this.store,
      expires,
      quirks,
    });
  }
}

function repositoryInfo(repository: FakeRepository, commit: string): WebAnswer {
  const { name, gated = false, private: hidden = false, disabled = false } = repository.options;
  return jsonAnswer({
    _id: "6500000000000000000000aa",
    id: name,
    modelId: name,
    sha: commit,
    private: hidden,
    gated,
    disabled,
    tags: [],
    downloads: 0,
    likes: 0,
    siblings: [...repository.tree(commit).keys()].map((rfilename) => ({ rfilename })),
  });
}

const notFoundPage: WebAnswer = {
  status: 404,
  headers: { "content-type": "text/html" },
  body: "<!DOCTYPE html><html><body>Not Found</body></html>",
};

async function readPaths(incoming: IncomingMessage): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (!text.trimStart().startsWith("{")) return new URLSearchParams(text).getAll("paths");
  const { paths = [] } = JSON.parse(text) as { readonly paths?: readonly string[] | string };
  return typeof paths === "string" ? [paths] : paths;
}
