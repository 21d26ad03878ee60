import type { HttpUri } from "../object-uri.ts";
import { decodeOnce } from "../percent-encoding.ts";
import { invalidUri, type SchemeFamily } from "../scheme-family.ts";
import { uriOfWebPage } from "../web-page.ts";

const forms =
  "Write https://{host}/{path} for one file, or https://{host}/{path}/ with a slash at its end for a directory.";

export const http: SchemeFamily<HttpUri> = {
  schemes: ["https", "http"],
  parse: (input) => {
    const { text } = input;
    const authority = /^[^/?#]*/.exec(input.rest)?.[0] ?? "";
    if (authority === "") throw invalidUri(text, "the host is missing", forms);
    if (text.includes("\\"))
      throw invalidUri(text, "it has a backslash", "Write / between directories, %5C in a name.");
    if (input.rest.includes("#")) {
      throw invalidUri(text, 'it has a fragment ("#")', "Leave it out, or write %23 where it belongs to a name.");
    }
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      throw invalidUri(text, `"${authority}" is not a host name with an optional port`, forms);
    }
    const encodedPath = url.pathname.slice(1);
    const key = decodeOnce(text, encodedPath);
    const page = uriOfWebPage(url.hostname, encodedPath);
    if (page !== undefined) {
      throw invalidUri(text, "this is the address of a web page, not of a file", `Write ${page}.`);
    }
    return { provider: "http", origin: url.origin, encodedPath, query: url.search, key };
  },
  format: ({ origin, encodedPath, query }) => `${origin}/${encodedPath}${query}`,
};
