import { StorageError } from "../../errors.ts";
import type { HuggingFaceUri } from "../object-uri.ts";
import { redactUriText } from "../redact-uri-text.ts";
import { decodeRevision, encodeRevision, splitRevision } from "../revision.ts";
import { invalidUri, type SchemeFamily, type UriText } from "../scheme-family.ts";

const forms = "Write hf://{org}/{model}, hf://{org}/{model}@{revision} or hf://{org}/{model}@{revision}/{path}.";

const repositoryTypes: ReadonlyMap<string, HuggingFaceUri["repositoryType"]> = new Map([
  ["models", "model"],
  ["datasets", "dataset"],
]);
const otherTypes: ReadonlySet<string> = new Set(["spaces", "buckets", "kernels"]);
/** Rules of the Hub's own client (`validate_repo_id`). */
const name = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/;
const defaultRevision = "main";

export const huggingface: SchemeFamily<HuggingFaceUri> = {
  schemes: ["hf"],
  parse: (input) => {
    const segments = input.rest.split("/");
    const prefix = segments[0] ?? "";
    if (otherTypes.has(prefix)) throw otherType(input, prefix);
    const repositoryType = repositoryTypes.get(prefix);
    return {
      provider: "huggingface",
      ...parseRepository(input, repositoryType === undefined ? segments : segments.slice(1)),
      repositoryType: repositoryType ?? "model",
    };
  },
  format: ({ repository, repositoryType, revision, key }) => {
    const first = repository.split("/", 1)[0] ?? "";
    const ambiguous = repositoryTypes.has(first) || otherTypes.has(first);
    const prefix = repositoryType === "dataset" ? "datasets/" : ambiguous ? "models/" : "";
    // Without a revision, the path after a name that has no organisation would be read as the model's name.
    const named = revision !== defaultRevision || (key !== "" && !repository.includes("/"));
    return `hf://${prefix}${repository}${named ? `@${encodeRevision(revision)}` : ""}${key === "" ? "" : `/${key}`}`;
  },
};

/** `org/model[@revision][/path]`; a model without organisation (`gpt2`) is one of the Hub's legacy names. */
function parseRepository(
  input: UriText,
  segments: readonly string[],
): Pick<HuggingFaceUri, "repository" | "revision" | "key"> {
  const count = segments.length === 1 || segments[0]?.includes("@") ? 1 : 2;
  const [repository, ...afterAt] = segments.slice(0, count).join("/").split("@");
  checkRepository(input, repository ?? "");
  const tail = segments.slice(count);
  if (afterAt.length === 0) {
    return { repository: repository ?? "", revision: defaultRevision, key: checkPath(input, tail.join("/")) };
  }
  const [revision, key] = splitRevision([afterAt.join("@"), ...tail]);
  return {
    repository: repository ?? "",
    revision: revision === "" ? defaultRevision : decodeRevision(input, revision),
    key: checkPath(input, key),
  };
}

function checkRepository(input: UriText, repository: string): void {
  const [first = "", second] = repository.split("/");
  if (repository === "") throw invalidUri(input.text, "the repository is missing", forms);
  if (first === "") throw invalidUri(input.text, "the organisation is missing", forms);
  if (second === "") throw invalidUri(input.text, "the model's name is missing", forms);
  for (const part of second === undefined ? [first] : [first, second]) {
    if (part.includes(":")) {
      throw invalidUri(
        input.text,
        `"${part}" has a colon`,
        "A revision is written with @: hf://{org}/{model}@{revision}.",
      );
    }
    if (!name.test(part) || part.endsWith(".git")) {
      throw invalidUri(
        input.text,
        `"${part}" is not the name of an organisation or repository`,
        "Copy the name from the model's page: letters, digits, single - and . inside, and _.",
      );
    }
  }
}

function checkPath(input: UriText, path: string): string {
  if (/(?:^|\/)(?:\.{1,2}(?:\/|$)|(?=\/))/.test(path)) {
    throw invalidUri(
      input.text,
      'the path has an empty, "." or ".." segment',
      "Write the path as the repository has it.",
    );
  }
  return path;
}

function otherType(input: UriText, prefix: string): StorageError {
  return new StorageError({
    code: "unsupported",
    operation: "parse storage URI",
    target: redactUriText(input.text),
    detail: `${prefix} are not read, only models and datasets`,
    hint: forms,
  });
}
