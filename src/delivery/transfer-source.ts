import type { ObjectInfo, Pin, Storage } from "../storage/storage.ts";
import { isSequentialStorage } from "../storage/storage-kinds.ts";
import type { TransferFile, TransferSource } from "../transfer/transfer-types.ts";
import { describeUri } from "../uri/describe-uri.ts";
import { withKey } from "../uri/with-key.ts";
import type { PlannedFile } from "./planned-file.ts";

/** The version of an object that every range is read against. */
function pinOf({ size, etag, version }: ObjectInfo): Pin {
  return { size, etag, version };
}

/** One planned file as the engine takes it. */
export function transferRequest(client: Storage, { path, size, info, priority }: PlannedFile): TransferFile {
  return {
    path,
    size,
    digests: info.digests,
    rangeDigests: info.rangeDigests,
    priority,
    sources: [transferSource(client, info)],
  };
}

/** How the engine reads one object of a storage: located where it can be, from front to back otherwise. */
function transferSource(client: Storage, info: ObjectInfo): TransferSource {
  const { uri } = info;
  const pin = pinOf(info);
  const region = "region" in uri ? uri.region : undefined;
  const source: TransferSource = {
    id: region === undefined ? client.provider : `${client.provider}:${region}`,
    provider: client.provider,
    region,
    scope: describeUri(withKey(uri, "")),
    target: describeUri(uri),
    pin,
    locate: ({ signal, refused }) => client.locate(uri, { pin, signal, refused }),
  };
  if (!isSequentialStorage(client)) return source;
  return { ...source, read: ({ offset, signal }) => client.read(uri, { pin, offset, signal }) };
}
