import type { IncomingMessage } from "node:http";
import { bytesContent, type Content } from "../content/content.ts";
import { startListener } from "../loopback/start-listener.ts";
import { jsonAnswer, type WebAnswer } from "../loopback/web-answer.ts";
import { Bucket } from "./bucket.ts";
import { checkAccess } from "./check-access.ts";
import { composeObject, rewriteObject } from "./copies.ts";
import type {
  FakeGcsBucketOptions,
  FakeGcsOptions,
  FakeGcsRequest,
  FakeGcsSeedOptions,
  FakeGcsToken,
} from "./fake-gcs-options.ts";
import { GcsFailure, noSuchBucket } from "./gcs-failure.ts";
import { type GcsOperation, type GcsRequest, readBody, readRequest } from "./gcs-request.ts";
import { listObjects } from "./list-objects.ts";
import { newObject, objectResource } from "./object-resource.ts";
import { checkPreconditions, requireGeneration } from "./preconditions.ts";
import { readMedia } from "./read-media.ts";
import { Uploads } from "./uploads.ts";

/** A running fake of Google Cloud Storage, and the door for tests behind its back. */
export interface FakeGcs {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Every request that was understood, in order of arrival. */
  readonly requests: readonly FakeGcsRequest[];
  /** Requests of an operation so far. */
  count(operation: GcsOperation): number;
  createBucket(options: string | FakeGcsBucketOptions): void;
  /** Puts an object without a request; it reads the content once for its checksums. Gives its generation. */
  putObject(
    bucket: string,
    key: string,
    content: Content | Uint8Array | string,
    options?: FakeGcsSeedOptions,
  ): Promise<string>;
  deleteObject(bucket: string, key: string): void;
  /** Keys of a bucket in listing order. */
  keys(bucket: string): readonly string[];
  /** Resumable uploads begun, and neither finished nor cancelled. */
  readonly unfinishedUploads: number;
  addToken(token: FakeGcsToken): void;
  revokeToken(token: string): void;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

/**
 * Starts Google Cloud Storage on loopback: the JSON API and reads of the XML API with bearer tokens, generations, preconditions,
 * checksums, uploads and decompressive transcoding as the service has them. Everything is kept in memory.
 */
export async function startFakeGcs(options: FakeGcsOptions = {}): Promise<FakeGcs> {
  const service = new Service(options);
  const listener = await startListener((incoming) => service.answer(incoming, listener.url));
  const { buckets, requests, operations, tokens, uploads } = service;
  const bucketNamed = (name: string): Bucket => {
    const bucket = buckets.get(name);
    if (bucket === undefined) throw new RangeError(`there is no bucket ${name}`);
    return bucket;
  };
  return {
    url: listener.url,
    requests,
    count: (operation) => operations.filter((name) => name === operation).length,
    createBucket: (bucket) => service.createBucket(bucket),
    putObject: async (bucket, key, content, seed = {}) => {
      const held = typeof content === "string" || content instanceof Uint8Array ? bytesContent(content) : content;
      const { composite, ...metadata } = seed;
      const object = await newObject(key, held, metadata, service.now());
      return bucketNamed(bucket).put(composite === true ? { ...object, md5: undefined } : object).generation;
    },
    deleteObject: (bucket, key) => bucketNamed(bucket).delete(key),
    keys: (bucket) => bucketNamed(bucket).keys(),
    get unfinishedUploads() {
      return uploads.unfinished;
    },
    addToken: (token) => void tokens.set(token.token, token),
    revokeToken: (token) => void tokens.delete(token),
    close: () => listener.close(),
  };
}

class Service {
  readonly buckets = new Map<string, Bucket>();
  readonly tokens: Map<string, FakeGcsToken>;
  readonly requests: GcsRequest[] = [];
  readonly operations: GcsOperation[] = [];
  readonly uploads = new Uploads();
  readonly #options: FakeGcsOptions;

  constructor(options: FakeGcsOptions) {
    this.#options = options;
    this.tokens = new Map((options.tokens ?? []).map((token) => [token.token, token]));
    for (const bucket of options.buckets ?? []) this.createBucket(bucket);
  }

  now(): number {
    return (this.#options.clock ?? Date.now)();
  }

  createBucket(bucket: string | FakeGcsBucketOptions): void {
    const options = typeof bucket === "string" ? { name: bucket } : bucket;
    this.buckets.set(options.name, new Bucket(options));
  }

  async answer(incoming: IncomingMessage, url: string): Promise<WebAnswer | "disconnect"> {
    let media = false;
    try {
      const request = readRequest(incoming);
      media = request.media;
      this.requests.push(request);
      this.operations.push(request.operation);
      const body = await readBody(incoming);
      const bucket = this.buckets.get(request.bucket);
      checkAccess(request, bucket, { token: (token) => this.tokens.get(token), now: this.now() });
      const interception = await this.#options.intercept?.(request);
      if (interception !== undefined) return interception;
      if (bucket === undefined) throw noSuchBucket();
      return await this.#carryOut(request, bucket, body, url);
    } catch (error) {
      if (error instanceof GcsFailure) return error.answer(media);
      throw error;
    }
  }

  async #carryOut(request: GcsRequest, bucket: Bucket, body: Buffer, url: string): Promise<WebAnswer> {
    const { parameters, object: key } = request;
    const found = () => {
      const object = requireGeneration(bucket.get(key), parameters.get("generation"), request.bucket, key);
      checkPreconditions(parameters, object);
      return object;
    };
    switch (request.operation) {
      case "get bucket":
        return jsonAnswer({ kind: "storage#bucket", id: request.bucket, name: request.bucket });
      case "list":
        return listObjects(url, bucket, parameters, this.#options.maxPageSize ?? 1000);
      case "get":
        return jsonAnswer(objectResource(url, request.bucket, found()));
      case "media":
        return readMedia(request, found());
      case "delete":
        bucket.delete(found().key);
        return { status: 204 };
      case "rewrite": {
        const to = this.buckets.get(request.destination?.bucket ?? "");
        if (to === undefined) throw noSuchBucket();
        return rewriteObject(
          url,
          request,
          bucket,
          to,
          this.#options.rewriteSize ?? Number.POSITIVE_INFINITY,
          this.now(),
        );
      }
      case "compose":
        return composeObject(url, request, bucket, body, this.now());
      case "upload":
        return this.uploads.begin(request, bucket, body, url, this.now());
      case "continue upload":
        return this.uploads.go(request, body, url, this.now());
      case "cancel upload":
        return this.uploads.cancel(request);
    }
  }
}
