/** Longest link tag that is read, in characters; a longer one is skipped. */
const maxTagLength = 8192;

const attribute = /([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]*)))?/g;

/** The `href` values of a page's links, entities decoded, comments left out. Takes time linear in the page's length. */
export function* htmlLinks(html: string): Generator<string> {
  const page = withoutComments(html);
  const opening = /<a\s/gi;
  for (let match = opening.exec(page); match !== null; match = opening.exec(page)) {
    const start = opening.lastIndex;
    const end = tagEnd(page, start);
    opening.lastIndex = end ?? start + maxTagLength;
    if (end === undefined) continue;
    const href = hrefOf(page.slice(start, end));
    if (href !== undefined) yield decodeEntities(href).trim();
  }
}

/** Index of the `>` that ends the tag; undefined when it is too far away. */
function tagEnd(page: string, start: number): number | undefined {
  let quote = "";
  for (let index = start; index < Math.min(page.length, start + maxTagLength); index++) {
    const character = page.charAt(index);
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === ">") return index;
    else if (character === '"' || character === "'") quote = character;
  }
  return undefined;
}

function hrefOf(tag: string): string | undefined {
  for (const [, name = "", double, single, bare] of tag.matchAll(attribute)) {
    if (name.toLowerCase() === "href") return double ?? single ?? bare;
  }
  return undefined;
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

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,5}));/gi, (whole, decimal, hexadecimal, name) => {
    if (name !== undefined) return named[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
