import { createHash, type Hash, randomBytes } from "node:crypto";
import type { AzureUri } from "../../../uri/object-uri.ts";
import { throwIfAborted } from "../../cancellation.ts";
import { mapOrdered } from "../../map-ordered.ts";
import type { ObjectInfo, PutOptions } from "../../storage.ts";
import { azureError } from "./errors.ts";
import type { AzureSession } from "./session.ts";
import { describeUpload, wrongSize } from "./upload-answer.ts";

/** Blocks on their way at once; each is held in memory until it has arrived. */
const concurrentBlocks = 4;
const maxBlocks = 50_000;

/**
 * Uploads pieces as blocks, four at a time, each with its MD5, and commits them with the MD5 of the whole: the service keeps
 * that one but cannot check it. Blocks that are never committed are not to be seen and vanish by themselves after a week.
 */
export async function blockUpload(
  session: AzureSession,
  uri: AzureUri,
  name: string,
  pieces: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { signal, contentType, ifNoneMatch } = options;
  const whole = createHash("md5");
  const { ids, size } = await sendBlocks(session, uri, name, pieces, whole, options);
  const md5 = whole.digest();
  throwIfAborted(signal, "put");
  // Committing the same blocks again gives the same object, unless it must not exist.
  const call = { action: "put", uri, signal, onlyAnswered: ifNoneMatch === true } as const;
  const answer = await session.run(call, (container) =>
    container.getBlockBlobClient(name).commitBlockList([...ids], {
      blobHTTPHeaders: {
        blobContentMD5: md5,
        ...(contentType === undefined ? {} : { blobContentType: contentType }),
      },
      ...(ifNoneMatch === true ? { conditions: { ifNoneMatch: "*" } } : {}),
    }),
  );
  return describeUpload(uri, { ...answer, contentLength: size, contentType, contentMD5: md5 });
}

async function sendBlocks(
  session: AzureSession,
  uri: AzureUri,
  name: string,
  pieces: AsyncIterable<Uint8Array>,
  whole: Hash,
  { signal, size: announced }: PutOptions,
): Promise<{ readonly ids: readonly string[]; readonly size: number }> {
  const failed = new AbortController();
  const combined = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  // Uploads of the same name at the same time must not take each other's blocks.
  const upload = randomBytes(12).toString("hex");
  const ids: string[] = [];
  let size = 0;
  try {
    const sent = mapOrdered(numbered(uri, pieces, whole), concurrentBlocks, async ({ number, bytes }) => {
      const id = Buffer.from(`${upload}-${String(number).padStart(6, "0")}`).toString("base64");
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const transactionalContentMD5 = createHash("md5").update(body).digest();
      await session.run({ action: "put", uri, signal: combined }, (container) =>
        container.getBlockBlobClient(name).stageBlock(id, body, body.length, { transactionalContentMD5 }),
      );
      return { id, length: body.length };
    });
    for await (const { id, length } of sent) {
      size += length;
      ids.push(id);
    }
  } catch (error) {
    failed.abort();
    throw error;
  }
  if (announced !== undefined && announced !== size) throw wrongSize(uri, announced, size);
  return { ids, size };
}

async function* numbered(
  uri: AzureUri,
  pieces: AsyncIterable<Uint8Array>,
  whole: Hash,
): AsyncGenerator<{ readonly number: number; readonly bytes: Uint8Array }> {
  let number = 0;
  for await (const bytes of pieces) {
    number += 1;
    if (number > maxBlocks) {
      const hint = "Announce its size, or choose a larger partSize.";
      const detail = `the body is longer than ${maxBlocks} blocks`;
      throw azureError("config_invalid", { operation: "put", uri }, detail, hint);
    }
    whole.update(bytes);
    yield { number, bytes };
  }
}
