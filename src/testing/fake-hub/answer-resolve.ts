import { rangeAnswer } from "../loopback/range-answer.ts";
import type { SignedStore } from "../loopback/signed-store.ts";
import type { WebAnswer } from "../loopback/web-answer.ts";
import type { FakeHubQuirks } from "./fake-hub-options.ts";
import { entryNotFound } from "./hub-refusal.ts";
import type { HubRoute } from "./hub-route.ts";
import type { FakeRepository } from "./repository.ts";

export interface ResolveQuestion {
  readonly method: string;
  readonly range: string | undefined;
  readonly route: HubRoute;
  readonly repository: FakeRepository;
  readonly commit: string;
  readonly store: SignedStore;
  /** Epoch seconds. */
  readonly expires: number;
  readonly quirks: FakeHubQuirks;
}

/** A file's address: small files themselves, large ones by a redirect to the store. */
export function answerResolve(question: ResolveQuestion): WebAnswer {
  const { method, range, route, repository, commit, store, expires, quirks } = question;
  if (method === "HEAD" && quirks.headStatus !== undefined) return { status: quirks.headStatus };
  const file = repository.tree(commit).get(route.path);
  if (file === undefined) throw entryNotFound();
  const { content, oid, lfs } = file;
  const commitHeader = quirks.noRepoCommit === true ? {} : { "x-repo-commit": commit };
  if (lfs !== undefined && quirks.noRedirects !== true) {
    store.put(lfs.sha256, content, `"store-${oid.slice(0, 16)}"`);
    const linked = {
      "x-linked-etag": `"${lfs.sha256}"`,
      "x-linked-size": quirks.zeroLinkedSize === true ? "0" : String(content.size),
    };
    const xet = { "x-xet-hash": lfs.sha256, link: `<${store.url}/xet>; rel="xet-auth"` };
    return {
      status: 302,
      headers: {
        ...commitHeader,
        ...(quirks.noLinkedHeaders === true ? {} : linked),
        ...(quirks.xet === true ? xet : {}),
        location: store.sign(lfs.sha256, expires),
      },
    };
  }
  if (quirks.relativeRedirects === true && !route.redirected) {
    const family = route.type === "dataset" ? "datasets" : "models";
    const path = route.path.split("/").map(encodeURIComponent).join("/");
    const location = `/api/resolve-cache/${family}/${route.repository}/${commit}/${path}`;
    return { status: 307, headers: { ...commitHeader, location } };
  }
  const answer = rangeAnswer(content, range, { ...commitHeader, etag: `"${lfs?.sha256 ?? oid}"` });
  return { ...answer, lengthless: method === "HEAD" && quirks.headWithoutLength === true };
}
