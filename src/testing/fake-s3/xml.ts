/** XML as S3 writes and reads it: elements and text, no mixed content, namespaces only on the root. */

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** One element with text or with children that are elements already. */
export function element(name: string, content: string | number | boolean | readonly string[]): string {
  const inner = Array.isArray(content) ? content.join("") : escapeText(String(content));
  return inner === "" ? `<${name}/>` : `<${name}>${inner}</${name}>`;
}

/** The element when there is a value, nothing otherwise. */
export function optionalElement(name: string, content: string | number | boolean | undefined): readonly string[] {
  return content === undefined ? [] : [element(name, content)];
}

/** A document without a namespace, as errors have it. */
export function xmlDocument(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

/** A result document: its root in the S3 namespace. */
export function resultDocument(rootName: string, children: readonly string[]): string {
  return xmlDocument(`<${rootName} xmlns="${namespace}">${children.join("")}</${rootName}>`);
}

/** Control characters go out as references although XML 1.0 has none for them, as S3 does: hence `encoding-type=url`. */
function escapeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may hold any character
  return text.replace(/[&<>"\u0000-\u001f]/g, (character) => {
    if (character === "&") return "&amp;";
    if (character === "<") return "&lt;";
    if (character === ">") return "&gt;";
    if (character === '"') return "&quot;";
    return `&#x${character.charCodeAt(0).toString(16)};`;
  });
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeText(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (whole, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return entities[name] ?? whole;
  });
}

/** Inner texts of every element of this name, in document order; elements of one name never nest in what S3 takes. */
export function elementsNamed(xml: string, name: string): readonly string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^>]*)?(?:/>|>([\\s\\S]*?)</${name}\\s*>)`, "g");
  return [...xml.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** Text of the first element of this name, references resolved; undefined when there is none. */
export function textOf(xml: string, name: string): string | undefined {
  const inner = elementsNamed(xml, name)[0];
  return inner === undefined ? undefined : unescapeText(inner);
}
