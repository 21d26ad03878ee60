import type { GithubUri } from "../object-uri.ts";
import { decodeRevision, encodeRevision, splitRevision } from "../revision.ts";
import { invalidUri, type SchemeFamily, splitFirstSegment, type UriText } from "../scheme-family.ts";

const forms =
  "Write github://{owner}/{repository}, github://{owner}/{repository}@{tag} or github://{owner}/{repository}@{tag}/{asset}.";

const ownerName = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})$/;
const repositoryName = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;
const defaultTag = "latest";

export const github: SchemeFamily<GithubUri> = {
  schemes: ["github"],
  parse: (input) => {
    const [owner, tail] = splitFirstSegment(input.rest);
    if (owner === "") throw invalidUri(input.text, "the owner is missing", forms);
    if (!ownerName.test(owner)) {
      throw invalidUri(input.text, `"${owner}" is not the name of a GitHub owner`, forms);
    }
    const [first = "", ...rest] = tail.split("/");
    const at = first.indexOf("@");
    const repository = at < 0 ? first : first.slice(0, at);
    checkRepository(input, repository);
    if (at < 0) return { provider: "github", owner, repository, tag: defaultTag, key: rest.join("/") };
    const [tag, key] = splitRevision([first.slice(at + 1), ...rest]);
    return { provider: "github", owner, repository, tag: tag === "" ? defaultTag : decodeRevision(input, tag), key };
  },
  format: ({ owner, repository, tag, key }) =>
    `github://${owner}/${repository}${tag === defaultTag ? "" : `@${encodeRevision(tag)}`}${key === "" ? "" : `/${key}`}`,
};

function checkRepository(input: UriText, repository: string): void {
  if (repository === "") throw invalidUri(input.text, "the repository is missing", forms);
  if (!repositoryName.test(repository) || repository.endsWith(".git")) {
    throw invalidUri(
      input.text,
      `"${repository}" is not the name of a GitHub repository`,
      "Copy owner and repository from the address of its page, without .git.",
    );
  }
}
