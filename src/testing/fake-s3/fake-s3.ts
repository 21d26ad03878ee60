import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { bytesContent, type Content } from "../content/content.ts";
import type { Answer } from "./answer.ts";
import { checkAccess } from "./check-access.ts";
import type {
  FakeS3BucketOptions,
  FakeS3Credential,
  FakeS3Options,
  FakeS3Request,
  SeedOptions,
} from "./fake-s3-options.ts";
import { httpDate } from "./object-headers.ts";
import { ObjectStore } from "./object-store.ts";
import type { OperationContext } from "./operation-context.ts";
import { operationHandlers } from "./operations/operation-handlers.ts";
import { RequestCounters } from "./request-counters.ts";
import { S3Failure } from "./s3-failure.ts";
import { identifyOperation } from "./s3-operation.ts";
import { readRequest, type S3Request } from "./s3-request.ts";
import { seededObject } from "./seed-object.ts";
import { writeAnswer } from "./write-answer.ts";

/** A running fake S3, and the door for tests behind its back. */
export interface FakeS3 {
  /** `http://127.0.0.1:PORT`, or `https://…` with {@link FakeS3Options.tls}. */
  readonly url: string;
  readonly port: number;
  readonly region: string;
  readonly counters: RequestCounters;
  createBucket(options: string | FakeS3BucketOptions): void;
  /** Puts an object without a request; it reads the content once for its digests. Gives its etag and version. */
  putObject(
    bucket: string,
    key: string,
    content: Content | Uint8Array | string,
    options?: SeedOptions,
  ): Promise<{ readonly etag: string; readonly versionId: string }>;
  deleteObject(bucket: string, key: string): void;
  /** The current bytes of an object; undefined when there is none. For small objects: all of it goes into memory. */
  objectBytes(bucket: string, key: string): Buffer | undefined;
  /** Keys of a bucket in listing order. */
  keys(bucket: string): readonly string[];
  /** Uploads begun and neither completed nor aborted. */
  readonly unfinishedUploads: number;
  addCredential(credential: FakeS3Credential): void;
  revokeCredential(accessKeyId: string): void;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

const hostId = "0123456789abcdef0123456789abcdef";

/**
 * Starts an S3 server on loopback that verifies signatures, ranges, conditions and checksums as Amazon S3 does and
 * answers failures with the same documents. Everything is kept in memory unless seeded contents say otherwise.
 */
export async function startFakeS3(options: FakeS3Options = {}): Promise<FakeS3> {
  const clock = options.clock ?? Date.now;
  const region = options.region ?? "us-east-1";
  const store = new ObjectStore(region);
  for (const bucket of options.buckets ?? []) store.createBucket(bucket, clock());
  const credentials = new Map((options.credentials ?? []).map((credential) => [credential.accessKeyId, credential]));
  const counters = new RequestCounters();
  const service = new Service(options, { store, credentials, counters, clock, region });

  const listener = (request: IncomingMessage, response: ServerResponse): void => void service.serve(request, response);
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await listen(server);
  const { port } = server.address() as AddressInfo;

  return {
    url: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    region,
    counters,
    createBucket: (bucket) => void store.createBucket(bucket, clock()),
    putObject: async (bucket, key, content, seed = {}) => {
      const held = typeof content === "string" || content instanceof Uint8Array ? bytesContent(content) : content;
      const target = store.bucket(bucket);
      const { etag, versionId } = target.put(key, await seededObject(held, seed, clock()));
      return { etag, versionId };
    },
    deleteObject: (bucket, key) => void store.bucket(bucket).delete(key, clock()),
    objectBytes: (bucket, key) => bytesOf(store, bucket, key),
    keys: (bucket) => store.bucket(bucket).keys(),
    get unfinishedUploads() {
      return store.uploads.size;
    },
    addCredential: (credential) => void credentials.set(credential.accessKeyId, credential),
    revokeCredential: (accessKeyId) => void credentials.delete(accessKeyId),
    close: () => close(server),
  };
}

class Service {
  readonly #options: FakeS3Options;
  readonly #store: ObjectStore;
  readonly #credentials: ReadonlyMap<string, FakeS3Credential>;
  readonly #counters: RequestCounters;
  readonly #clock: () => number;
  readonly #region: string;
  #lastRequest = 0;

  constructor(
    options: FakeS3Options,
    parts: {
      readonly store: ObjectStore;
      readonly credentials: ReadonlyMap<string, FakeS3Credential>;
      readonly counters: RequestCounters;
      readonly clock: () => number;
      readonly region: string;
    },
  ) {
    this.#options = options;
    this.#store = parts.store;
    this.#credentials = parts.credentials;
    this.#counters = parts.counters;
    this.#clock = parts.clock;
    this.#region = parts.region;
  }

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#lastRequest += 1;
    const requestId = `REQ${String(this.#lastRequest).padStart(13, "0")}`;
    response.on("error", () => {});
    let summary: FakeS3Request | undefined;
    let answer: Answer | "disconnect";
    try {
      const request = readRequest(incoming, this.#options.domain ?? "localhost");
      const operation = identifyOperation(request);
      summary = { ...request, operation, count: this.#counters.begin(operation) };
      answer = await this.#answer(request, summary);
    } catch (error) {
      answer = failureAnswer(error, requestId);
    }
    if (answer === "disconnect") {
      incoming.socket.destroy();
      this.#finish(summary, 0, 0);
      return;
    }
    const headers = {
      "x-amz-request-id": requestId,
      "x-amz-id-2": hostId,
      date: httpDate(this.#clock()),
      server: "AmazonS3",
      ...answer.headers,
    };
    const sentBytes = await writeAnswer(response, incoming.method ?? "GET", { ...answer, headers });
    this.#finish(summary, answer.status, sentBytes);
  }

  async #answer(request: S3Request, summary: FakeS3Request): Promise<Answer | "disconnect"> {
    const { latency, intercept } = this.#options;
    const milliseconds = typeof latency === "function" ? latency(summary) : (latency ?? 0);
    if (milliseconds > 0) await sleep(milliseconds);
    const quirks = this.#options.quirks ?? {};
    const now = this.#clock();
    const identity = checkAccess(request, summary.operation, {
      store: this.#store,
      region: this.#region,
      anyRegion: quirks.anyRegion ?? false,
      credential: (accessKeyId) => this.#credentials.get(accessKeyId),
      now,
    });
    const interception = intercept?.(summary);
    if (interception === "disconnect") return interception;
    if (interception !== undefined) throw interception;
    const context: OperationContext = {
      store: this.#store,
      request,
      identity,
      now,
      region: this.#region,
      quirks,
      minPartSize: this.#options.minPartSize ?? 5 * 1024 ** 2,
      maxCopySize: this.#options.maxCopySize ?? 5 * 1024 ** 3,
      bucket: () => this.#store.bucket(request.bucket ?? ""),
    };
    return operationHandlers[summary.operation](context);
  }

  #finish(request: FakeS3Request | undefined, status: number, sentBytes: number): void {
    if (request === undefined) return;
    this.#counters.end(request.operation, { failed: status === 0 || status >= 400, sentBytes });
    this.#options.onAnswer?.({ request, status, sentBytes });
  }
}

function failureAnswer(error: unknown, requestId: string): Answer {
  const failure =
    error instanceof S3Failure
      ? error
      : new S3Failure(500, "InternalError", error instanceof Error ? (error.stack ?? error.message) : String(error));
  return {
    status: failure.status,
    headers: { "content-type": "application/xml", ...failure.headers },
    body: failure.body(requestId, hostId),
  };
}

function bytesOf(store: ObjectStore, bucket: string, key: string): Buffer | undefined {
  const object = store.bucket(bucket).current(key);
  if (object === undefined || object.deleteMarker) return undefined;
  const bytes = Buffer.alloc(object.content.size);
  object.content.read(0, bytes);
  return bytes;
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
