import type { LocalUri } from "../object-uri.ts";
import { decodeOnce } from "../percent-encoding.ts";
import { invalidUri, type SchemeFamily, type UriText } from "../scheme-family.ts";

const forms = "Write local:///absolute/path, local://relative/path or file:///absolute/path.";

/** `local://` takes its path literally, as OME does; `file://` is percent-encoded, as RFC 8089 says. */
export const local: SchemeFamily<LocalUri> = {
  schemes: ["local", "file"],
  parse: (input) => {
    if (input.scheme === "file") return localUri(parseFile(input));
    if (input.rest === "") throw invalidUri(input.text, "the path is missing", forms);
    if (/^~(?:\/|$)/.test(input.rest)) {
      throw invalidUri(input.text, '"~" is not expanded here', "Write the absolute path of the home directory.");
    }
    return localUri(input.rest);
  },
  format: ({ path }) => `local://${path}`,
};

/** A path on this machine, literally. */
export function localUri(path: string): LocalUri {
  return { provider: "local", path, key: path };
}

function parseFile(input: UriText): string {
  const slash = input.rest.indexOf("/");
  const host = slash < 0 ? input.rest : input.rest.slice(0, slash);
  if (host !== "" && host !== "localhost") {
    throw invalidUri(
      input.text,
      `"${host}" stands where a host name would, and files of other hosts are not read`,
      "Write file:///absolute/path with three slashes.",
    );
  }
  if (slash < 0) throw invalidUri(input.text, "the path is missing", forms);
  const path = input.rest.slice(slash);
  const special = /[?#]/.exec(path)?.[0];
  if (special !== undefined) {
    throw invalidUri(
      input.text,
      `a file:// path has no "${special}"`,
      `Write ${special === "?" ? "%3F" : "%23"} where it belongs to a name, or use local://, which takes the path literally.`,
    );
  }
  if (/%2f/i.test(path)) {
    throw invalidUri(input.text, "the path has an encoded slash (%2F)", "Write a plain slash between directories.");
  }
  return decodeOnce(input.text, path);
}
