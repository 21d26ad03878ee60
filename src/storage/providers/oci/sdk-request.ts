import { CircuitBreaker } from "oci-common";
import { ObjectStorageClient } from "oci-objectstorage";
import type { Dispatcher } from "undici";
import type { OciSigningKey } from "../../../auth/oci/credentials.ts";
import { requestTarget, signRequest } from "../../../auth/oci/sign-request.ts";
import { ServiceFailure } from "./service-failure.ts";

/** Everything that one request through the SDK is sent with. */
export interface SdkRequestOptions {
  readonly endpoint: string;
  readonly dispatcher: Dispatcher;
  /** Undefined: the request is not signed. */
  readonly key: OciSigningKey | undefined;
  readonly now: () => number;
  readonly signal: AbortSignal | undefined;
}

type SdkHttpClient = NonNullable<ConstructorParameters<typeof ObjectStorageClient>[0]["httpClient"]>;
type SdkHttpRequest = Parameters<SdkHttpClient["send"]>[0];

const noCircuitBreaker = new CircuitBreaker({ disableClientCircuitBreaker: true });

/**
 * Runs one request through the SDK, which composes it and reads its answer. Sent it is by our own dispatcher, with our own
 * signature and abort signal. What fails is thrown as it is: a {@link ServiceFailure}, or what the socket threw.
 *
 * The SDK would print failures to the console and wrap them; it asks its termination strategy first, which throws them past
 * all that. Its retries and circuit breaker are off.
 */
export async function sdkRequest<Output>(
  options: SdkRequestOptions,
  send: (sdk: ObjectStorageClient) => Promise<Output>,
): Promise<Output> {
  let failure: unknown;
  const httpClient: SdkHttpClient = {
    send: async (request, excludeBody) => {
      try {
        return await transmit(request, excludeBody ?? false, options);
      } catch (error) {
        failure = error;
        throw error;
      }
    },
  };
  const sdk = new ObjectStorageClient({ httpClient } as ConstructorParameters<typeof ObjectStorageClient>[0], {
    circuitBreaker: noCircuitBreaker,
    retryConfiguration: {
      retryCondition: () => true,
      terminationStrategy: {
        shouldTerminate: () => {
          throw failure;
        },
      },
    },
  });
  sdk.endpoint = options.endpoint;
  return send(sdk);
}

/** The SDK puts values into queries as they are. */
export function queryValue(value: string): string {
  return encodeURIComponent(value);
}

async function transmit(request: SdkHttpRequest, excludeBody: boolean, options: SdkRequestOptions): Promise<Response> {
  const { dispatcher, key, now, signal } = options;
  const { method, uri } = request;
  const body: unknown = request.body;
  const headers = Object.fromEntries(request.headers);
  const { origin } = new URL(uri);
  const signed = (method === "POST" || method === "PUT") && !excludeBody;
  const text = typeof body === "string" ? body : "";
  const contentType = headers["content-type"] ?? "application/json";
  const signature =
    key === undefined
      ? {}
      : signRequest({ method, url: uri, body: signed ? { text, contentType } : undefined }, key, now());
  const answer = await dispatcher.request({
    origin,
    path: requestTarget(uri),
    method,
    headers: { ...headers, ...signature },
    body: body instanceof Uint8Array ? body : signed ? text : null,
    signal: signal ?? null,
  });
  const bytes = await answer.body.arrayBuffer();
  const fields = flatten(answer.headers);
  const { statusCode } = answer;
  if (statusCode >= 300) throw new ServiceFailure(statusCode, fields, Buffer.from(bytes).toString("utf8"));
  return new Response(statusCode === 204 ? null : bytes, { status: statusCode, headers: fields });
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}
