import type { PutBody } from "./storage.ts";

/** Cuts a body into pieces of exactly `pieceSize` bytes, the last one smaller; an empty body gives none. */
export async function* cutBody(body: PutBody, pieceSize: number): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    for (let start = 0; start < body.length; start += pieceSize) yield body.subarray(start, start + pieceSize);
    return;
  }
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    let rest = chunk;
    while (length + rest.length >= pieceSize) {
      const missing = pieceSize - length;
      yield Buffer.concat([...held, rest.subarray(0, missing)], pieceSize);
      rest = rest.subarray(missing);
      held = [];
      length = 0;
    }
    if (rest.length === 0) continue;
    // The source may fill its chunk anew while this one waits for its piece to be whole.
    held.push(Uint8Array.from(rest));
    length += rest.length;
  }
  if (length > 0) yield Buffer.concat(held, length);
}
