import { element, optionalElement, xmlDocument } from "../fake-s3/xml.ts";
import type { WebAnswer } from "../loopback/web-answer.ts";
import type { AzureRequest } from "./azure-request.ts";
import type { Container, StoredBlob } from "./blob-store.ts";

interface Entry {
  readonly name: string;
  readonly group: boolean;
}

/** List Blobs: prefix, delimiter, marker and page size; a group counts as one result and comes once. */
export function listBlobs({ query }: AzureRequest, container: Container, limit: number): WebAnswer {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const marker = Buffer.from(query.get("marker") ?? "", "base64").toString("utf8");
  const asked = Number(query.get("maxresults") ?? limit);
  const entries = entriesOf(container, prefix, delimiter);
  const from = marker === "" ? 0 : entries.findIndex(({ name }) => name === marker);
  const page = from < 0 ? [] : entries.slice(from, from + Math.min(asked, limit));
  const next = entries[from + page.length]?.name;
  const items = page.map((entry) =>
    entry.group
      ? element("BlobPrefix", [nameElement(entry.name)])
      : blobElement(entry.name, container.blob(entry.name), query.get("include") ?? ""),
  );
  const results = element("EnumerationResults", [
    element("Prefix", prefix),
    element("Blobs", items),
    next === undefined || from < 0 ? "<NextMarker/>" : element("NextMarker", Buffer.from(next).toString("base64")),
  ]);
  return { status: 200, headers: { "content-type": "application/xml" }, body: xmlDocument(results) };
}

function entriesOf(container: Container, prefix: string, delimiter: string): readonly Entry[] {
  const entries: Entry[] = [];
  for (const name of container.names()) {
    if (!name.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
    if (end < 0) entries.push({ name, group: false });
    else {
      const group = name.slice(0, end + delimiter.length);
      if (entries.at(-1)?.name !== group) entries.push({ name: group, group: true });
    }
  }
  return entries;
}

/** Names that XML cannot carry come percent-encoded, and say so. */
function nameElement(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names may hold any character
  if (!/[\u0000-\u001f\ufffe\uffff]/.test(name)) return element("Name", name);
  return `<Name Encoded="true">${encodeURIComponent(name)}</Name>`;
}

function blobElement(name: string, blob: StoredBlob, include: string): string {
  const metadata = Object.entries(blob.metadata).map(([key, value]) => element(key, value));
  return element("Blob", [
    nameElement(name),
    element("Properties", [
      element("Last-Modified", new Date(blob.lastModified).toUTCString()),
      element("Etag", blob.etag.replaceAll('"', "")),
      element("Content-Length", blob.content.size),
      element("Content-Type", blob.contentType),
      element("Content-Encoding", blob.contentEncoding ?? ""),
      ...optionalElement("Content-MD5", blob.contentMd5),
      element("BlobType", "BlockBlob"),
      element("AccessTier", blob.archived ? "Archive" : "Hot"),
    ]),
    ...(include.includes("metadata") ? [element("Metadata", metadata)] : []),
  ]);
}
