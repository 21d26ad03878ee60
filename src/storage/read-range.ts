import type { ObjectUri } from "../uri/object-uri.ts";
import { type OpenReadOptions, openRead } from "./open-read.ts";
import type { Storage } from "./storage.ts";

/** The bytes of an object, or of a range of it, in memory: for configuration files and headers. Errors as {@link openRead}. */
export async function readRange(storage: Storage, uri: ObjectUri, options: OpenReadOptions = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of openRead(storage, uri, options)) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
