import type { ClientSecretCredentialOptions } from "@azure/identity";
import type { Dispatcher } from "undici";
import type { EntraRefusal } from "./auth-error.ts";

type SdkClient = NonNullable<ClientSecretCredentialOptions["httpClient"]>;
type SdkRequest = Parameters<SdkClient["sendRequest"]>[0];
type SdkResponse = Awaited<ReturnType<SdkClient["sendRequest"]>>;
type SdkHeaders = SdkResponse["headers"];

/** What `@azure/identity` sends its requests with, and what they really failed with: the SDK wraps that beyond recognition. */
export interface IdentityHttpClient extends SdkClient {
  /** The last request that got no answer. */
  readonly failure: unknown;
  /** The last answer that was a refusal. */
  readonly refusal: EntraRefusal | undefined;
}

/** Lets `@azure/identity` send its requests through a dispatcher, so that they respect its proxies and authorities. */
export function createIdentityHttpClient(dispatcher: Dispatcher, signal: AbortSignal): IdentityHttpClient {
  const client = {
    failure: undefined as unknown,
    refusal: undefined as EntraRefusal | undefined,
    sendRequest: async (request: SdkRequest): Promise<SdkResponse> => {
      const { origin, pathname, search } = new URL(request.url);
      try {
        const answer = await dispatcher.request({
          origin,
          path: pathname + search,
          method: request.method as Dispatcher.HttpMethod,
          headers: Object.fromEntries(request.headers),
          body: typeof request.body === "string" ? request.body : null,
          signal,
        });
        const bodyAsText = await answer.body.text();
        const headers = new PlainHeaders();
        for (const [name, value] of Object.entries(answer.headers)) headers.set(name, String(value));
        if (answer.statusCode >= 400) client.refusal = { status: answer.statusCode, body: bodyAsText };
        return { request, status: answer.statusCode, headers, bodyAsText };
      } catch (error) {
        client.failure = error;
        throw error;
      }
    },
  };
  return client;
}

/** Header fields as the SDK wants them. */
class PlainHeaders implements SdkHeaders {
  readonly #fields = new Map<string, string>();

  get(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase());
  }

  has(name: string): boolean {
    return this.#fields.has(name.toLowerCase());
  }

  set(name: string, value: string | number | boolean): void {
    this.#fields.set(name.toLowerCase(), String(value));
  }

  delete(name: string): void {
    this.#fields.delete(name.toLowerCase());
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#fields);
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#fields.entries();
  }
}
