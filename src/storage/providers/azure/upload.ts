import { createHash } from "node:crypto";
import type { AzureUri } from "../../../uri/object-uri.ts";
import { cutBody } from "../../cut-body.ts";
import type { ObjectInfo, PutBody, PutOptions } from "../../storage.ts";
import { blockUpload } from "./block-upload.ts";
import { azureError } from "./errors.ts";
import { objectName } from "./object-name.ts";
import type { AzureSession } from "./session.ts";
import { describeUpload, wrongSize } from "./upload-answer.ts";

const mebibyte = 1024 ** 2;
const defaultPartSize = 16 * mebibyte;
/** The service's own limits. */
const maxBlocks = 50_000;
const maxBlockSize = 4000 * mebibyte;

/**
 * Stores a body: in one request when it fits into a part, else in blocks. A stream is held in memory part by part, so that
 * every request can be sent again and is summed before it goes.
 */
export async function putObject(
  session: AzureSession,
  uri: AzureUri,
  body: PutBody,
  options: PutOptions = {},
): Promise<ObjectInfo> {
  const name = objectName("put", uri);
  const size = body instanceof Uint8Array ? body.length : options.size;
  if (options.size !== undefined && size !== options.size) throw wrongSize(uri, options.size, size ?? 0);
  const partSize = choosePartSize(uri, size, options.partSize);
  const pieces = cutBody(body, partSize)[Symbol.asyncIterator]();
  try {
    const first = await pieces.next();
    const second = first.done === true ? first : await pieces.next();
    if (second.done === true) {
      const bytes = first.done === true ? new Uint8Array(0) : first.value;
      if (options.size !== undefined && bytes.length !== options.size) throw wrongSize(uri, options.size, bytes.length);
      return await putWhole(session, uri, name, bytes, options);
    }
    return await blockUpload(session, uri, name, allOf(first.value as Uint8Array, second.value, pieces), options);
  } finally {
    await pieces.return?.(undefined);
  }
}

async function* allOf(
  first: Uint8Array,
  second: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield second;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
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

/** The part size asked for, or one that makes at most 50,000 blocks of the body. */
function choosePartSize(uri: AzureUri, size: number | undefined, wanted: number | undefined): number {
  const needed = Math.ceil((size ?? 0) / maxBlocks);
  const partSize = wanted ?? Math.max(defaultPartSize, Math.ceil(needed / mebibyte) * mebibyte);
  const context = { operation: "put", uri } as const;
  if (!Number.isInteger(partSize) || partSize < 1 || partSize > maxBlockSize) {
    const detail = `a part size of ${partSize} bytes is not possible`;
    throw azureError("config_invalid", context, detail, "Choose a part size from 1 byte to 4000 MiB.");
  }
  if (needed > partSize) {
    const detail = `${size} bytes in parts of ${partSize} make more than ${maxBlocks} blocks`;
    throw azureError("config_invalid", context, detail, `Choose a part size of at least ${needed} bytes, or none.`);
  }
  return partSize;
}
