import { StorageError } from "../errors.ts";
import { schemeSynonyms, unsupportedSchemes } from "./foreign-schemes.ts";
import { nearestName } from "./nearest-name.ts";
import type { ObjectUri } from "./object-uri.ts";
import { hasCredentials, redactUriText } from "./redact-uri-text.ts";
import { invalidUri, type SchemeFamily, type UriText } from "./scheme-family.ts";
import { azure } from "./schemes/azure.ts";
import { gcs } from "./schemes/gcs.ts";
import { github } from "./schemes/github.ts";
import { http } from "./schemes/http.ts";
import { huggingface } from "./schemes/huggingface.ts";
import { local, localUri } from "./schemes/local.ts";
import { memory } from "./schemes/memory.ts";
import { oci } from "./schemes/oci.ts";
import { parsePluginUri } from "./schemes/plugin.ts";
import { pvc } from "./schemes/pvc.ts";
import { s3 } from "./schemes/s3.ts";
import { vendor } from "./schemes/vendor.ts";

export interface ParseUriOptions {
  /** Schemes that registered plug-in providers own. Built-in schemes come first. */
  readonly pluginSchemes?: ReadonlySet<string> | undefined;
  /** A text without a scheme is a path on this machine, as people write on a command line. Default false. */
  readonly plainPaths?: boolean | undefined;
}

const families: readonly Pick<SchemeFamily<ObjectUri>, "schemes" | "parse">[] = [
  s3,
  gcs,
  azure,
  oci,
  huggingface,
  github,
  http,
  local,
  pvc,
  vendor,
  memory,
];

const parsers: ReadonlyMap<string, (input: UriText) => ObjectUri> = new Map(
  families.flatMap((family) => family.schemes.map((scheme) => [scheme, family.parse] as const)),
);

/** No signed address and no key of any store comes near this many characters. */
const textLimit = 16_384;

/**
 * Reads one storage URI. The forms are listed in docs/uris.md. Keys are taken literally in every scheme but `http(s)://`
 * and `file://`, whose paths are percent-decoded exactly once.
 *
 * Throws `config_invalid` for a text that is no such URI, naming the part and the right form, and `unsupported` for
 * schemes and references that this project does not read. Errors repeat the text without credentials and queries.
 */
export function parseUri(text: string, options: ParseUriOptions = {}): ObjectUri {
  checkText(text);
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(text);
  if (match === null) return parseWithoutScheme(text, options);
  const [, scheme = "", rest = ""] = match;
  const parse = parsers.get(scheme) ?? (options.pluginSchemes?.has(scheme) ? parsePluginUri : undefined);
  if (parse === undefined) throw unknownScheme(text, scheme, options);
  if (hasCredentials(text)) {
    throw invalidUri(
      text,
      "it contains credentials",
      "Remove them from the URI, and give them as parameters, in the model's Secret or in the environment.",
    );
  }
  return parse({ text, scheme, rest });
}

function checkText(text: string): void {
  if (text === "") throw invalidUri("(empty)", "the URI is empty", "Write for example s3://{bucket}/{prefix}.");
  if (text.length > textLimit) {
    throw invalidUri(text, `it is ${text.length} characters long, ${textLimit} are allowed`, "Check what was pasted.");
  }
  if (!text.isWellFormed()) {
    throw invalidUri(text, "it is not well-formed Unicode", "Write it again; half of a character was lost on the way.");
  }
  const control = /\p{Cc}/u.exec(text);
  if (control !== null) {
    const code = (text.codePointAt(control.index) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    throw invalidUri(
      text,
      `it has a control character (U+${code}) at position ${control.index + 1}`,
      "Remove it; in YAML, write the URI on one line.",
    );
  }
  if (/^\s/u.test(text)) throw invalidUri(text, "it begins with white space", "Remove the space.");
  if (/^["'`<]/.test(text))
    throw invalidUri(text, "it begins with a quotation mark", "Write it without quotation marks.");
}

function parseWithoutScheme(text: string, options: ParseUriOptions): ObjectUri {
  const known = [...parsers.keys(), ...(options.pluginSchemes ?? [])];
  const typo = /^([A-Za-z][A-Za-z0-9+.-]*)(:\/?(?!\/)|\/\/)(.*)$/s.exec(text);
  const [, scheme = "", separator = "", rest = ""] = typo ?? [];
  if (known.includes(scheme.toLowerCase())) {
    const absolute = (scheme === "local" || scheme === "file") && separator === ":/" ? "/" : "";
    const right = redactUriText(`${scheme.toLowerCase()}://${absolute}${rest}`);
    throw invalidUri(text, `"${scheme}" is followed by "${separator}" instead of "://"`, `Write ${right}.`);
  }
  if (options.plainPaths === true) return localUri(text);
  if (/^\.{0,2}\//.test(text)) {
    throw invalidUri(text, "it is a path without a scheme", `Write ${redactUriText(`local://${text}`)}.`);
  }
  throw invalidUri(
    text,
    "it has no scheme",
    "Write for example s3://{bucket}/{prefix}, hf://{org}/{model} or local:///{path}.",
  );
}

function unknownScheme(text: string, scheme: string, options: ParseUriOptions): StorageError {
  const lower = scheme.toLowerCase();
  const known = [...parsers.keys(), ...(options.pluginSchemes ?? [])];
  if (known.includes(lower)) {
    const right = redactUriText(`${lower}${text.slice(scheme.length)}`);
    return invalidUri(text, `the scheme "${scheme}" is not in lower case`, `Write ${right}.`);
  }
  const unsupported = unsupportedSchemes.get(lower);
  if (unsupported !== undefined) {
    return new StorageError({
      code: "unsupported",
      operation: "parse storage URI",
      target: redactUriText(text),
      detail: `the scheme "${scheme}" is not supported`,
      hint: unsupported,
    });
  }
  return invalidUri(text, `the scheme "${scheme}" is unknown`, schemeSynonyms.get(lower) ?? nearestScheme());

  function nearestScheme(): string {
    const nearest = nearestName(scheme, known);
    if (nearest === undefined) return `Known schemes: ${known.join(", ")}.`;
    return `Did you mean ${redactUriText(`${nearest}${text.slice(scheme.length)}`)}?`;
  }
}
