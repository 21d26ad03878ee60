import type { HuggingFaceUri } from "../../../uri/object-uri.ts";

type Repository = Pick<HuggingFaceUri, "repository" | "repositoryType">;

/** The repository's page for people. */
export function repositoryPage(endpoint: string, { repository, repositoryType }: Repository): string {
  return `${endpoint}/${repositoryType === "dataset" ? "datasets/" : ""}${repository}`;
}

/** Root of the repository's API; `below` starts with a slash, its parts already encoded. */
export function apiUrl(endpoint: string, { repository, repositoryType }: Repository, below: string): string {
  return `${endpoint}/api/${repositoryType}s/${repository}${below}`;
}

/** Address that leads to a file's bytes at a revision. */
export function resolveUrl(endpoint: string, uri: Repository, revision: string, path: string): string {
  return `${repositoryPage(endpoint, uri)}/resolve/${encodeURIComponent(revision)}/${encodePath(path)}`;
}

/** Segments percent-encoded, slashes kept. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
