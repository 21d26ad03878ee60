import { crc32c } from "@node-rs/crc32";
import { isStorageError } from "../../../errors.ts";
import type { GcsUri } from "../../../uri/object-uri.ts";
import { waitForRetry } from "../../retry.ts";
import type { PutOptions } from "../../storage.ts";
import { gcsError } from "./errors.ts";
import { type Answer, type GcsSession, objectPath } from "./session.ts";
import { checkSize, uploadCall } from "./upload-call.ts";

/** The status that says how much of an upload has arrived. */
const resumeIncomplete = 308;

/**
 * Stores a body in pieces (https://cloud.google.com/storage/docs/resumable-uploads). After a lost answer the service is asked how
 * much it has, and the upload goes on there. What fails is cancelled; what arrived wrongly is deleted again.
 */
export async function resumableUpload(
  session: GcsSession,
  uri: GcsUri,
  pieces: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const contentType = options.contentType ?? "application/octet-stream";
  const begun = await session.send({
    ...uploadCall(uri, options, "resumable"),
    onlyAnswered: false,
    headers: { "content-type": "application/json; charset=UTF-8", "x-upload-content-type": contentType },
    body: JSON.stringify({ name: uri.key, contentType }),
  });
  const location = begun.headers["location"];
  if (location === undefined || !URL.canParse(location)) throw protocol(uri, "the upload has no address");
  const upload = new Upload(session, uri, location, options);
  try {
    let held: Uint8Array | undefined;
    for await (const piece of pieces) {
      if (held !== undefined) await upload.send(held, false);
      held = piece;
    }
    const last = held ?? new Uint8Array(0);
    checkSize(uri, upload.sent + last.length, options.size);
    const resource = await upload.send(last, true);
    if (resource === undefined) throw protocol(uri, "the upload does not end");
    await upload.check(resource);
    return resource;
  } catch (error) {
    await upload.cancel();
    throw error;
  }
}

class Upload {
  /** Bytes that the service has. */
  sent = 0;
  #checksum = 0;
  readonly #session: GcsSession;
  readonly #uri: GcsUri;
  readonly #location: string;
  readonly #options: PutOptions;

  constructor(session: GcsSession, uri: GcsUri, location: string, options: PutOptions) {
    this.#session = session;
    this.#uri = uri;
    this.#location = location;
    this.#options = options;
  }

  /** Sends one piece; gives the object after the last one. */
  async send(piece: Uint8Array, last: boolean): Promise<Readonly<Record<string, unknown>> | undefined> {
    const start = this.sent;
    const end = start + piece.length;
    this.#checksum = crc32c(piece, this.#checksum);
    const total = last ? String(end) : "*";
    for (let failures = 0; ; ) {
      try {
        const answer =
          failures === 0 || this.sent < end
            ? await this.#put(piece.subarray(this.sent - start), `bytes ${this.sent}-${end - 1}/${total}`, end)
            : await this.#ask(total);
        if (answer.status !== resumeIncomplete) return parse(this.#uri, answer);
        const arrived = arrivedBytes(answer);
        if (arrived < this.sent || arrived > end)
          throw protocol(this.#uri, "the service has other bytes than were sent");
        if (arrived === this.sent && piece.length > 0) failures += 1;
        this.sent = arrived;
        if (arrived === end && !last) return undefined;
        if (failures > 3) throw protocol(this.#uri, "the upload makes no progress");
        if (arrived === end && last) failures = Math.max(1, failures);
      } catch (error) {
        failures += 1;
        await waitForRetry(error, failures, { clock: this.#session.clock, signal: this.#options.signal });
        const answer = await this.#ask(total).catch(() => undefined);
        if (answer !== undefined && answer.status !== resumeIncomplete) return parse(this.#uri, answer);
        if (answer !== undefined) this.sent = Math.min(end, Math.max(start, arrivedBytes(answer)));
      }
    }
  }

  /** Compares the service's CRC32C with that of what was sent; an object that is not right does not stay. */
  async check(resource: Readonly<Record<string, unknown>>): Promise<void> {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(this.#checksum >>> 0);
    const { crc32c: stored, generation } = resource;
    if (stored === undefined || stored === value.toString("base64")) return;
    await this.#session.send({
      action: "put",
      uri: this.#uri,
      method: "DELETE",
      path: objectPath(this.#uri),
      query: { generation: generation === undefined ? undefined : String(generation) },
      accept: [404],
    });
    const context = { operation: "put", uri: this.#uri } as const;
    throw gcsError("checksum_mismatch", context, "what arrived is not what was sent", "Put it again.");
  }

  /** Lets go of an upload; the service forgets it by itself after a week. */
  async cancel(): Promise<void> {
    const call = { action: "put", uri: this.#uri, method: "DELETE", path: this.#location } as const;
    const signal = AbortSignal.timeout(5_000);
    await this.#session.sendOnce({ ...call, signal, accept: [404, 410, 499] }).catch(() => {});
  }

  #put(bytes: Uint8Array, range: string, end: number): Promise<Answer> {
    const contentRange = bytes.length === 0 ? `bytes */${end}` : range;
    return this.#request({ "content-range": contentRange }, bytes);
  }

  #ask(total: string): Promise<Answer> {
    return this.#request({ "content-range": `bytes */${total}` }, new Uint8Array(0));
  }

  #request(headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Answer> {
    const { signal } = this.#options;
    const call = { action: "put", uri: this.#uri, method: "PUT", path: this.#location } as const;
    return this.#session.sendOnce({ ...call, signal, headers, body, accept: [resumeIncomplete] });
  }
}

/** `Range: bytes=0-N` says what has arrived; without it nothing has. */
function arrivedBytes({ headers }: Answer): number {
  const last = /^bytes=0-(\d+)$/.exec(headers["range"] ?? "")?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

function parse(uri: GcsUri, { text }: Answer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (isStorageError(error)) throw error;
    throw protocol(uri, "the answer to the upload is no object");
  }
}

function protocol(uri: GcsUri, detail: string) {
  const context = { operation: "put", uri } as const;
  return gcsError("protocol", context, detail, "Check the endpoint, and proxies on the way.").with({
    retry: "permanent",
  });
}
