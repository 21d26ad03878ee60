import { cutBody } from "./cut-body.ts";
import type { PutBody } from "./storage.ts";

/** The two ways in which services take an object. */
export interface BodyUpload<T> {
  /** The whole body in one request. */
  whole(bytes: Uint8Array): Promise<T>;
  /** In parts, all but the last one of the same size. */
  parts(pieces: AsyncIterable<Uint8Array>): Promise<T>;
}

/**
 * Sends a body in one request when it is at most one part long, else in parts of `partSize` bytes. A stream is held in memory part by
 * part, so that every request can be sent again and is summed before it goes.
 */
export async function uploadBody<T>(body: PutBody, partSize: number, upload: BodyUpload<T>): Promise<T> {
  const pieces = cutBody(body, partSize);
  try {
    const first = await pieces.next();
    if (first.done === true) return await upload.whole(new Uint8Array(0));
    const second = await pieces.next();
    if (second.done === true) return await upload.whole(first.value);
    return await upload.parts(allOf(first.value, second.value, pieces));
  } finally {
    await pieces.return(undefined);
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
