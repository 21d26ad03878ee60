import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { bytesContent, type Content } from "../content/content.ts";
import type { Answer } from "../fake-s3/answer.ts";
import { writeAnswer } from "../fake-s3/write-answer.ts";
import { checkAccess } from "./check-access.ts";
import type {
  FakeOciBucketOptions,
  FakeOciGrant,
  FakeOciKey,
  FakeOciOptions,
  FakeOciRequest,
  FakeOciSeedOptions,
} from "./fake-oci-options.ts";
import { ObjectStore } from "./object-store.ts";
import { OciFailure } from "./oci-failure.ts";
import { identifyOperation, type OciOperation } from "./oci-operation.ts";
import { type OciRequest, readRequest } from "./oci-request.ts";
import { operationHandlers } from "./operations/operation-handlers.ts";
import { seededObject } from "./seed-object.ts";

/** A running fake of OCI Object Storage, and the door for tests behind its back. */
export interface FakeOci {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly namespace: string;
  readonly region: string;
  /** Requests of an operation so far. */
  count(operation: OciOperation): number;
  createBucket(options: string | FakeOciBucketOptions): void;
  /** Puts an object without a request; it reads the content once for its checksums. Gives its etag and version. */
  putObject(
    bucket: string,
    key: string,
    content: Content | Uint8Array | string,
    options?: FakeOciSeedOptions,
  ): Promise<{ readonly etag: string; readonly versionId: string }>;
  deleteObject(bucket: string, key: string): void;
  /** An archived object becomes readable. */
  restoreObject(bucket: string, key: string): void;
  /** The current bytes of an object; undefined when there is none. */
  objectBytes(bucket: string, key: string): Buffer | undefined;
  /** Keys of a bucket in listing order. */
  keys(bucket: string): readonly string[];
  /** Uploads begun and neither committed nor aborted. */
  readonly unfinishedUploads: number;
  addKey(key: FakeOciKey): void;
  revokeKey(keyId: string): void;
  /** The address of a pre-authenticated request: all of it, up to `/o/` and the object when it names one. */
  createPreauthenticatedRequest(options: FakeOciGrant): string;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

/**
 * Starts OCI Object Storage on loopback: it verifies request signatures, session tokens and pre-authenticated requests,
 * ranges, conditions and checksums as the service does, and answers failures with the same documents
 * (https://docs.oracle.com/en-us/iaas/api/#/en/objectstorage/20160918/). Everything is kept in memory.
 */
export async function startFakeOci(options: FakeOciOptions = {}): Promise<FakeOci> {
  const { namespace = "testspace", region = "us-ashburn-1", clock = Date.now } = options;
  const store = new ObjectStore(namespace);
  for (const bucket of options.buckets ?? []) store.createBucket(bucket);
  const keys = new Map((options.keys ?? []).map((key) => [key.keyId, key]));
  const counts = new Map<OciOperation, number>();
  const service = new Service({ ...options, region, clock }, store, keys, counts);
  const server = createServer((request, response) => void service.serve(request, response));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    namespace,
    region,
    count: (operation) => counts.get(operation) ?? 0,
    createBucket: (bucket) => store.createBucket(bucket),
    putObject: async (bucket, key, content, seed = {}) => {
      const held = typeof content === "string" || content instanceof Uint8Array ? bytesContent(content) : content;
      return store.bucket(bucket).put(key, await seededObject(held, seed, clock()));
    },
    deleteObject: (bucket, key) => void store.bucket(bucket).delete(key),
    restoreObject: (bucket, key) => store.bucket(bucket).update(key, { archivalState: "Restored" }),
    objectBytes: (bucket, key) => {
      const content = store.bucket(bucket).current(key)?.content;
      if (content === undefined) return undefined;
      const bytes = Buffer.alloc(content.size);
      content.read(0, bytes);
      return bytes;
    },
    keys: (bucket) => store.bucket(bucket).keys(),
    get unfinishedUploads() {
      return store.uploads.size;
    },
    addKey: (key) => void keys.set(key.keyId, key),
    revokeKey: (keyId) => void keys.delete(keyId),
    createPreauthenticatedRequest: (grant) => {
      const token = store.createPreauthenticated(grant);
      const object = grant.object === undefined ? "" : encodeURIComponent(grant.object);
      return `${url}/p/${token}/n/${namespace}/b/${grant.bucket}/o/${object}`;
    },
    close: () => close(server),
  };
}

class Service {
  readonly #options: FakeOciOptions & { readonly region: string; readonly clock: () => number };
  readonly #store: ObjectStore;
  readonly #keys: ReadonlyMap<string, FakeOciKey>;
  readonly #counts: Map<OciOperation, number>;
  #lastRequest = 0;

  constructor(
    options: FakeOciOptions & { readonly region: string; readonly clock: () => number },
    store: ObjectStore,
    keys: ReadonlyMap<string, FakeOciKey>,
    counts: Map<OciOperation, number>,
  ) {
    this.#options = options;
    this.#store = store;
    this.#keys = keys;
    this.#counts = counts;
  }

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#lastRequest += 1;
    const requestId = `iad-1:${String(this.#lastRequest).padStart(12, "0")}`;
    response.on("error", () => {});
    let summary: FakeOciRequest | undefined;
    let answer: Answer | "disconnect";
    try {
      const request = readRequest(incoming);
      const operation = identifyOperation(request);
      const count = (this.#counts.get(operation) ?? 0) + 1;
      this.#counts.set(operation, count);
      summary = { ...request, operation, object: request.name, count };
      answer = await this.#answer(request, summary);
    } catch (error) {
      answer = failureAnswer(error);
    }
    if (answer === "disconnect") {
      incoming.socket.destroy();
      this.#finish(summary, 0, 0);
      return;
    }
    const headers = {
      "opc-request-id": requestId,
      date: new Date(this.#options.clock()).toUTCString(),
      ...answer.headers,
    };
    const sentBytes = await writeAnswer(response, incoming.method ?? "GET", { ...answer, headers });
    this.#finish(summary, answer.status, sentBytes);
  }

  async #answer(request: OciRequest, summary: FakeOciRequest): Promise<Answer | "disconnect"> {
    const now = this.#options.clock();
    const body = await checkAccess(request, summary.operation, {
      store: this.#store,
      tokenIssuer: this.#options.tokenIssuer,
      key: (keyId) => this.#keys.get(keyId),
      now,
    });
    const interception = this.#options.intercept?.(summary);
    if (interception === "disconnect") return interception;
    if (interception !== undefined) throw interception;
    return operationHandlers[summary.operation]({
      store: this.#store,
      request,
      body,
      now,
      region: this.#options.region,
      options: this.#options,
      bucket: () => this.#store.bucket(request.bucket ?? ""),
    });
  }

  #finish(request: FakeOciRequest | undefined, status: number, sentBytes: number): void {
    if (request !== undefined) this.#options.onAnswer?.({ request, status, sentBytes });
  }
}

function failureAnswer(error: unknown): Answer {
  const failure =
    error instanceof OciFailure
      ? error
      : new OciFailure(
          500,
          "InternalServerError",
          error instanceof Error ? (error.stack ?? error.message) : String(error),
        );
  const { code, message, status, headers } = failure;
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ code, message }),
  };
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
