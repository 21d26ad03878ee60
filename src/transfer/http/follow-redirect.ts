import type { HttpReadSource } from "../../storage/read-source.ts";
import type { ReadFailure } from "./read-failure.ts";

/** Where to read next, or why not. */
export type Redirected =
  | { readonly kind: "follow"; readonly read: HttpReadSource }
  | { readonly kind: "refused"; readonly failure: ReadFailure };

function refused(detail: string): Redirected {
  return { kind: "refused", failure: { kind: "protocol", detail } };
}

/**
 * The read that a `Location` leads to (RFC 9110 section 15.4). Credentials stay with the origin they were meant for, and a
 * read that has any never leaves https.
 */
export function followRedirect(read: HttpReadSource, location: string): Redirected {
  const from = new URL(read.url);
  if (!URL.canParse(location, read.url)) return refused("the server redirects to something that is no URL");
  const to = new URL(location, from);
  if (to.protocol !== "https:" && to.protocol !== "http:") return refused(`the server redirects to ${to.protocol}`);
  if (to.username !== "" || to.password !== "") return refused("the server redirects to a URL with credentials in it");
  const sameOrigin = to.origin === from.origin;
  const credentials = read.secretUrl || (read.dropHeadersOnRedirect && Object.keys(read.headers).length > 0);
  if (from.protocol === "https:" && to.protocol === "http:" && credentials) {
    return refused(`the server redirects a read with credentials from https to http (${to.host})`);
  }
  const absolute = /^https?:\/\//i.test(location);
  return {
    kind: "follow",
    read: {
      ...read,
      url: absolute ? location : to.href,
      headers: sameOrigin || !read.dropHeadersOnRedirect ? read.headers : {},
      secretUrl: read.secretUrl || to.search !== "",
    },
  };
}
