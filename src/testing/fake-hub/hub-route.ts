import type { FakeHubRequest } from "./fake-hub-options.ts";

/** What a request's path asks for. */
export interface HubRoute {
  readonly kind: FakeHubRequest["kind"];
  readonly type: "model" | "dataset";
  /** `org/name` or a legacy `name`. */
  readonly repository: string;
  readonly revision: string;
  readonly path: string;
  /** The address that a relative redirect of `resolve` led to. */
  readonly redirected: boolean;
}

const none: HubRoute = {
  kind: "unknown",
  type: "model",
  repository: "",
  revision: "main",
  path: "",
  redirected: false,
};
const apiKinds: ReadonlyMap<string, FakeHubRequest["kind"]> = new Map([
  ["revision", "info"],
  ["tree", "tree"],
  ["paths-info", "paths-info"],
  ["auth-check", "auth-check"],
]);

/** Takes the path of a request apart (https://huggingface.co/docs/hub/api). */
export function routeOf(pathname: string): HubRoute {
  const segments = pathname.slice(1).split("/").map(decodeURIComponent);
  if (segments[0] !== "api") return fileRoute(segments, "resolve", false);
  const [, family = "", ...rest] = segments;
  if (family === "whoami-v2") return { ...none, kind: "whoami" };
  if (family === "resolve-cache") {
    const [kind = "", ...file] = rest;
    return { ...fileRoute(file, undefined, true), type: kind === "datasets" ? "dataset" : "model" };
  }
  if (family !== "models" && family !== "datasets") return none;
  const type = family === "datasets" ? "dataset" : "model";
  const at = rest.findIndex((segment, index) => index > 0 && index < 3 && apiKinds.has(segment));
  if (at < 0) return { ...none, kind: "info", type, repository: rest.join("/") };
  const [keyword = "", revision = "main", ...path] = rest.slice(at);
  const repository = rest.slice(0, at).join("/");
  return { ...none, kind: apiKinds.get(keyword) ?? "unknown", type, repository, revision, path: path.join("/") };
}

function fileRoute(segments: readonly string[], keyword: string | undefined, redirected: boolean): HubRoute {
  const type = segments[0] === "datasets" ? "dataset" : "model";
  const names = type === "dataset" ? segments.slice(1) : segments;
  const at =
    keyword === undefined ? 2 : names.findIndex((segment, index) => index > 0 && index < 3 && segment === keyword);
  if (at < 0) return none;
  const [revision = "main", ...path] = names.slice(keyword === undefined ? at : at + 1);
  return {
    kind: "resolve",
    type,
    repository: names.slice(0, at).join("/"),
    revision,
    path: path.join("/"),
    redirected,
  };
}
