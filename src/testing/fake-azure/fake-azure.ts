import type { IncomingMessage } from "node:http";
import type { Content } from "../content/content.ts";
import { startListener } from "../loopback/start-listener.ts";
import type { WebAnswer } from "../loopback/web-answer.ts";
import { AzureFailure } from "./azure-failure.ts";
import { type AzureRequest, readRequest } from "./azure-request.ts";
import { Container, plainBlob } from "./blob-store.ts";
import { checkAccess } from "./check-access.ts";
import type { FakeAzureOptions, FakeAzureRequest, FakeAzureSeed } from "./fake-azure-options.ts";
import { listBlobs } from "./list-blobs.ts";
import { checkConditions, identifyOperation, putBlob, putBlock, putBlockList, readBlob, stamps } from "./operations.ts";

/** A running fake of Azure Blob Storage, and the door for tests behind its back. */
export interface FakeAzure {
  /** `http://127.0.0.1:PORT`, without the account. */
  readonly url: string;
  readonly account: string;
  /** Base64. */
  readonly accountKey: string;
  /** Every request that was understood, in order of arrival. */
  readonly requests: readonly FakeAzureRequest[];
  /** Puts an object without a request. */
  putBlob(container: string, name: string, content: Content | Uint8Array | string, seed?: FakeAzureSeed): void;
  deleteBlob(container: string, name: string): void;
  /** Names of a container in listing order. */
  names(container: string): readonly string[];
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

/**
 * Starts Blob Storage on loopback, in the path style of emulators: it verifies account keys, service SAS and (by the test's
 * judgement) bearer tokens, ranges, conditions and MD5s as the service does, and answers failures with the same codes
 * (https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api). Everything is kept in memory.
 */
export async function startFakeAzure(options: FakeAzureOptions = {}): Promise<FakeAzure> {
  const { account = "testaccount", clock = Date.now } = options;
  const accountKey = options.accountKey ?? Buffer.from("TOPSECRET account key of the fake").toString("base64");
  const containers = new Map<string, Container>();
  for (const name of [...(options.containers ?? []), ...(options.publicContainers ?? [])]) {
    containers.set(name, new Container());
  }
  const requests: FakeAzureRequest[] = [];
  const service = new Service(options, account, Buffer.from(accountKey, "base64"), containers, requests);
  const listener = await startListener((incoming) => service.answer(incoming));
  const containerOf = (name: string): Container => {
    const found = containers.get(name);
    if (found === undefined) throw new Error(`the fake has no container ${name}`);
    return found;
  };
  return {
    url: listener.url,
    account,
    accountKey,
    requests,
    putBlob: (container, name, content, seed = {}) => {
      const blob = plainBlob(content, clock());
      const wrong = Buffer.alloc(16, 7).toString("base64");
      containerOf(container).put(name, {
        ...blob,
        metadata: seed.metadata ?? {},
        contentEncoding: seed.contentEncoding,
        archived: seed.archived === true,
        contentMd5: seed.md5 === undefined ? blob.contentMd5 : seed.md5 === "none" ? undefined : wrong,
      });
    },
    deleteBlob: (container, name) => void containerOf(container).delete(name),
    names: (container) => containerOf(container).names(),
    close: () => listener.close(),
  };
}

/** The last byte of the body with one bit flipped. */
function damaged(answer: WebAnswer): WebAnswer {
  const { body } = answer;
  if (body === undefined || typeof body === "string") return answer;
  const read = (offset: number, target: Uint8Array): void => {
    body.read(offset, target);
    const last = body.size - 1 - offset;
    if (last >= 0 && last < target.length) target[last] = (target[last] ?? 0) ^ 1;
  };
  return { ...answer, body: { size: body.size, read } };
}

class Service {
  readonly #options: FakeAzureOptions;
  readonly #account: string;
  readonly #key: Buffer;
  readonly #containers: Map<string, Container>;
  readonly #requests: FakeAzureRequest[];

  constructor(
    options: FakeAzureOptions,
    account: string,
    key: Buffer,
    containers: Map<string, Container>,
    requests: FakeAzureRequest[],
  ) {
    this.#options = options;
    this.#account = account;
    this.#key = key;
    this.#containers = containers;
    this.#requests = requests;
  }

  get #now(): number {
    return (this.#options.clock ?? Date.now)();
  }

  async answer(incoming: IncomingMessage): Promise<WebAnswer | "disconnect"> {
    let answer: WebAnswer | "disconnect";
    try {
      answer = await this.#serve(await readRequest(incoming));
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      answer = error.answer();
    }
    if (answer === "disconnect") return answer;
    const version = incoming.headers["x-ms-version"];
    const shared = {
      date: new Date(this.#now).toUTCString(),
      "x-ms-request-id": crypto.randomUUID(),
      ...(typeof version === "string" ? { "x-ms-version": version } : {}),
    };
    return { ...answer, headers: { ...shared, ...answer.headers } };
  }

  async #serve(request: AzureRequest): Promise<WebAnswer | "disconnect"> {
    const { method, container, blob, headers } = request;
    if (request.account !== this.#account) {
      throw new AzureFailure(404, "ResourceNotFound", "The specified resource does not exist.");
    }
    const operation = identifyOperation(request);
    const range = headers.get("x-ms-range") ?? headers.get("range");
    const rules = { account: this.#account, key: this.#key, options: this.#options, now: this.#now };
    const login = checkAccess(request, operation, rules);
    const asked = headers.has("x-ms-range-get-content-crc64") || headers.has("x-ms-range-get-content-md5");
    const seen: FakeAzureRequest = { method, operation, container, blob, range, rangeDigest: asked, login };
    this.#requests.push(seen);
    this.#options.onRequest?.(seen);
    const interception = this.#options.intercept?.(seen);
    if (interception === "disconnect") return interception;
    if (interception !== undefined) throw new AzureFailure(interception.status, interception.code, interception.code);
    if (operation === "CreateContainer") return this.#createContainer(container);
    const found = this.#containers.get(container);
    if (found === undefined) {
      throw new AzureFailure(404, "ContainerNotFound", "The specified container does not exist.");
    }
    switch (operation) {
      case "ListBlobs":
        return listBlobs(request, found, this.#options.pageSize ?? 5000);
      case "GetBlob":
      case "GetBlobProperties": {
        const answer = await readBlob(request, found, this.#options.quirks ?? {});
        return this.#options.damage?.(seen) === true ? damaged(answer) : answer;
      }
      case "PutBlob":
        return putBlob(request, found, this.#now);
      case "PutBlock":
        return putBlock(request, found);
      case "PutBlockList":
        return putBlockList(request, found, this.#now);
      case "CopyBlob":
        return this.#copy(request, found, rules);
      case "DeleteBlob":
        found.blob(blob);
        found.delete(blob);
        return { status: 202 };
      default:
        throw new AzureFailure(400, "UnsupportedHttpVerb", "The resource doesn't support the specified HTTP verb.");
    }
  }

  #createContainer(name: string): WebAnswer {
    if (this.#containers.has(name)) {
      throw new AzureFailure(409, "ContainerAlreadyExists", "The specified container already exists.");
    }
    this.#containers.set(name, new Container());
    return { status: 201 };
  }

  #copy(request: AzureRequest, to: Container, rules: Parameters<typeof checkAccess>[2]): WebAnswer {
    const source = new URL(request.headers.get("x-ms-copy-source") ?? "");
    const [, account = "", container = "", ...rest] = source.pathname.split("/");
    const blob = decodeURIComponent(rest.join("/"));
    const query = new Map(source.searchParams);
    if (query.has("sig")) {
      checkAccess({ ...request, method: "GET", headers: new Map(), query, container, blob }, "GetBlob", rules);
    }
    const original = this.#containers.get(container)?.blobs.get(blob);
    if (account !== this.#account || original === undefined) {
      throw new AzureFailure(404, "CannotVerifyCopySource", "The specified blob does not exist.");
    }
    const wanted = request.headers.get("x-ms-source-if-match");
    if (wanted !== undefined && wanted !== original.etag) {
      throw new AzureFailure(412, "SourceConditionNotMet", "The source condition is not met.");
    }
    checkConditions(request, to.blobs.get(request.blob));
    const stored = to.put(request.blob, { ...original, lastModified: this.#now, copyStatus: "success" });
    return {
      status: 202,
      headers: { ...stamps(stored), "x-ms-copy-id": crypto.randomUUID(), "x-ms-copy-status": "success" },
    };
  }
}
