import { checkEntryName } from "./entry-name.ts";
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
  const page = withoutComments(html);
  for (const match of page.matchAll(
    /<a\s(?:[^>"']|"[^"]*"|'[^']*'){0,1000}?href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi,
  )) {
    const entry = childOf(pageUrl, decodeEntities(match[1] ?? match[2] ?? match[3] ?? "").trim(), target);
    if (entry !== undefined) entries.set(`${entry.name}${entry.directory ? "/" : ""}`, entry);
  }
  const callsItselfIndex = /<title>[^<]*(?:index of|directory listing)|href\s*=\s*["']?\.\.\/?["'\s>]/i.test(page);
  return entries.size === 0 && !callsItselfIndex ? undefined : [...entries.values()];
}

function withoutComments(html: string): string {
  let page = "";
  let position = 0;
  for (let start = html.indexOf("<!--"); start >= 0; start = html.indexOf("<!--", position)) {
    page += html.slice(position, start);
    const end = html.indexOf("-->", start + 4);
    if (end < 0) return page;
    position = end + 3;
  }
  return page + html.slice(position);
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

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,5}));/gi, (whole, decimal, hexadecimal, name) => {
    if (name !== undefined) return named[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
