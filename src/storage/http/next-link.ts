/**
 * The page that `Link: <…>; rel="next"` (RFC 8288) names; undefined for the last one. A mirror may repeat its origin's own address
 * there: the listing stays at the endpoint where it began, and so does the token.
 */
export function nextLink(link: string | undefined, from: string, endpoint: string): string | undefined {
  const target = /<([^<>]*)>\s*;[^,<]*\brel="?next"?/i.exec(link ?? "")?.[1];
  if (target === undefined || !URL.canParse(target, from)) return undefined;
  const next = new URL(target, from);
  const { origin, pathname } = new URL(endpoint);
  if (next.origin === origin) return next.href;
  return `${origin}${pathname === "/" ? "" : pathname}${next.pathname}${next.search}`;
}
