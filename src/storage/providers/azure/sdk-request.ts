import {
  AnonymousCredential,
  ContainerClient,
  newPipeline,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { Dispatcher } from "undici";
import type { AzureAccess } from "../../../auth/azure/credentials.ts";
import { ServiceFailure } from "./service-failure.ts";

/** Everything that one request through the SDK is sent with. */
export interface SdkRequestOptions {
  readonly account: string;
  /** Of the container, without a query. */
  readonly url: string;
  readonly dispatcher: Dispatcher;
  /** Undefined: anonymous. */
  readonly access: AzureAccess | undefined;
  readonly signal: AbortSignal | undefined;
}

type SdkHttpClient = NonNullable<StoragePipelineOptions["httpClient"]>;
type SdkHttpRequest = Parameters<SdkHttpClient["sendRequest"]>[0];
type SdkHttpResponse = Awaited<ReturnType<SdkHttpClient["sendRequest"]>>;

/** Headers that are undici's to write. */
const connectionHeaders: ReadonlySet<string> = new Set(["connection", "host", "transfer-encoding", "accept-encoding"]);

/**
 * A client of one container for one request: the SDK composes it, signs it with an account key, and reads the answer. Sent it
 * is by our own dispatcher, which adds tokens and shared access signatures, so that these never reach the SDK's errors and
 * logs. The SDK's retries are off. What fails is thrown as it is: a {@link ServiceFailure}, or what the socket threw.
 */
export function containerClient(options: SdkRequestOptions): ContainerClient {
  const { account, access, url } = options;
  const credential =
    access?.kind === "account_key" ? new StorageSharedKeyCredential(account, access.key) : new AnonymousCredential();
  const httpClient: SdkHttpClient = { sendRequest: (request) => transmit(request, options) };
  return new ContainerClient(url, newPipeline(credential, { httpClient, retryOptions: { maxTries: 1 } }));
}

async function transmit(request: SdkHttpRequest, options: SdkRequestOptions): Promise<SdkHttpResponse> {
  const { dispatcher, access, signal } = options;
  const pathAt = request.url.indexOf("/", request.url.indexOf("//") + 2);
  const path = request.url.slice(pathAt);
  const headers = Object.fromEntries(
    Object.entries(request.headers.toJson()).filter(([name]) => !connectionHeaders.has(name.toLowerCase())),
  );
  if (access?.kind === "token") headers["authorization"] = `Bearer ${access.token}`;
  const answer = await dispatcher.request({
    origin: request.url.slice(0, pathAt),
    path: access?.kind === "sas" ? `${path}${path.includes("?") ? "&" : "?"}${access.query}` : path,
    method: request.method as Dispatcher.HttpMethod,
    headers,
    body: bodyOf(request.body),
    signal: signal ?? null,
  });
  const bodyAsText = await answer.body.text();
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) fields[name.toLowerCase()] = String(value);
  if (answer.statusCode >= 300) throw new ServiceFailure(answer.statusCode, fields, bodyAsText);
  const answered = request.headers.clone();
  for (const name of answered.headerNames()) answered.remove(name);
  for (const [name, value] of Object.entries(fields)) answered.set(name, value);
  return { request, status: answer.statusCode, headers: answered, bodyAsText };
}

function bodyOf(body: unknown): string | Uint8Array | null {
  return typeof body === "string" || body instanceof Uint8Array ? body : null;
}
