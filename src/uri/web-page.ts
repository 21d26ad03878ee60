/** The URI that was probably meant by the address of a repository's page on huggingface.co or github.com; undefined for a file's address. */
export function uriOfWebPage(host: string, encodedPath: string): string | undefined {
  const segments = encodedPath.split("/").filter((segment) => segment !== "");
  const [first, second, verb, ...rest] = segments;
  if (host === "huggingface.co" || host === "hf.co") {
    if (first === "api") return undefined;
    const prefixed = first === "datasets" || first === "models";
    const [org, name, what, revision, ...path] = prefixed ? segments.slice(1) : segments;
    if (org === undefined || (what !== undefined && what !== "tree" && what !== "blob")) return undefined;
    const repository = `${first === "datasets" ? "datasets/" : ""}${org}${name === undefined ? "" : `/${name}`}`;
    const tail = path.length === 0 ? "" : `/${path.join("/")}`;
    return `hf://${repository}${revision === undefined ? "" : `@${revision}`}${tail}`;
  }
  if (host === "github.com" && first !== undefined && second !== undefined) {
    if (verb !== undefined && !(verb === "releases" && rest[0] !== "download")) return undefined;
    const tag = rest[0] === "tag" && rest[1] !== undefined ? `@${rest[1]}` : "";
    return `github://${first}/${second}${tag}`;
  }
  return undefined;
}
