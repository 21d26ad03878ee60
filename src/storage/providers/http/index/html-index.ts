import { checkEntryName } from "./entry-name.ts";
import { htmlLinks } from "./html-links.ts";
import type { IndexEntry } from "./index-entry.ts";

/**
 * The entries of a directory page as nginx, Apache, Caddy, lighttpd and Python's `http.server` write it: every link to a
 * direct child of the directory. Links elsewhere (parent, sorting, other hosts) are navigation. `pageUrl` is where the
 * page came from, redirects followed. Undefined when the page links to nothing and does not call itself an index.
 *
 * @throws StorageError `unsafe_path` for a link whose name would leave the directory.
 */
export function readHtmlIndex(html: string, pageUrl: string, target: string): IndexEntry[] | undefined {
  const entries = new Map<string, IndexEntry>();
  for (const href of htmlLinks(html)) {
    const entry = childOf(pageUrl, href, target);
    if (entry !== undefined) entries.set(`${entry.name}${entry.directory ? "/" : ""}`, entry);
  }
  const callsItselfIndex = /<title>[^<]*(?:index of|directory listing)|href\s*=\s*["']?\.\.\/?["'\s>]/i.test(html);
  return entries.size === 0 && !callsItselfIndex ? undefined : [...entries.values()];
}

function childOf(pageUrl: string, href: string, target: string): IndexEntry | undefined {
  if (href === "" || !URL.canParse(href, pageUrl)) return undefined;
  const base = new URL(".", pageUrl);
  const url = new URL(href, pageUrl);
  if (url.origin !== base.origin || url.search !== "" || !url.pathname.startsWith(base.pathname)) return undefined;
  const rest = url.pathname.slice(base.pathname.length);
  const directory = rest.endsWith("/");
  const encoded = directory ? rest.slice(0, -1) : rest;
  if (encoded === "" || encoded.includes("/")) return undefined;
  return { name: checkEntryName(decodeName(encoded), target), directory, size: undefined };
}

/** Some servers leave a lone `%` unencoded; it then stands for itself. */
function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
