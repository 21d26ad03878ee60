import { createHash } from "node:crypto";
import type { AzureUri } from "../../../uri/object-uri.ts";
import { choosePartSize, type PartLimits } from "../../choose-part-size.ts";
import type { ObjectInfo, PutBody, PutOptions } from "../../storage.ts";
import { uploadBody } from "../../upload-body.ts";
import { blockUpload } from "./block-upload.ts";
import { azureError } from "./errors.ts";
import { objectName } from "./object-name.ts";
import type { AzureSession } from "./session.ts";
import { describeUpload, wrongSize } from "./upload-answer.ts";

const limits: PartLimits = {
  maxParts: 50_000,
  minSize: 1,
  maxSize: 4000 * 1024 ** 2,
  range: "1 byte to 4000 MiB",
  name: "blocks",
};

/** Stores a body: in one request when it fits into a part, else in blocks. */
export async function putObject(
  session: AzureSession,
  uri: AzureUri,
  body: PutBody,
  options: PutOptions = {},
): Promise<ObjectInfo> {
  const name = objectName("put", uri);
  const size = body instanceof Uint8Array ? body.length : options.size;
  if (options.size !== undefined && size !== options.size) throw wrongSize(uri, options.size, size ?? 0);
  const partSize = partSizeFor(uri, size, options.partSize);
  return uploadBody(body, partSize, {
    whole: (bytes) => {
      if (options.size !== undefined && bytes.length !== options.size) throw wrongSize(uri, options.size, bytes.length);
      return putWhole(session, uri, name, bytes, options);
    },
    parts: (pieces) => blockUpload(session, uri, name, pieces, options),
  });
}

/** The service sums what arrives in one request, stores the MD5 and tells it. */
async function putWhole(
  session: AzureSession,
  uri: AzureUri,
  name: string,
  bytes: Uint8Array,
  { signal, contentType, ifNoneMatch }: PutOptions,
): Promise<ObjectInfo> {
  const conditional = ifNoneMatch === true;
  const call = { action: "put", uri, signal, onlyAnswered: conditional } as const;
  const md5 = createHash("md5").update(bytes).digest();
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const answer = await session.run(call, async (container) => {
    const stored = await container.getBlockBlobClient(name).upload(body, bytes.length, {
      ...(contentType === undefined ? {} : { blobHTTPHeaders: { blobContentType: contentType } }),
      ...(conditional ? { conditions: { ifNoneMatch: "*" } } : {}),
    });
    if (stored.contentMD5 === undefined || md5.equals(stored.contentMD5)) return stored;
    const hint = "It is sent again; if this persists, look for a proxy that changes bodies.";
    const context = { operation: "put", uri } as const;
    throw azureError("checksum_mismatch", context, "the bytes changed on their way to the service", hint);
  });
  return describeUpload(uri, { ...answer, contentLength: bytes.length, contentType });
}

/** Throws `config_invalid` for a part size that the service does not take. */
function partSizeFor(uri: AzureUri, size: number | undefined, wanted: number | undefined): number {
  const chosen = choosePartSize(size, wanted, limits);
  if (typeof chosen === "number") return chosen;
  throw azureError("config_invalid", { operation: "put", uri }, chosen.detail, chosen.hint);
}
