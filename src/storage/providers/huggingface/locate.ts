import type { HuggingFaceUri } from "../../../uri/object-uri.ts";
import type { HttpAnswer } from "../../http/http-client.ts";
import type { HttpReadSource } from "../../read-source.ts";
import { carriesToken, renewRefused } from "../../renew-refused.ts";
import type { LocateOptions, Pin } from "../../storage.ts";
import { hubError } from "./errors.ts";
import { apiUrl, resolveUrl } from "./hub-urls.ts";
import { isMissingPart } from "./revision.ts";
import type { HubContext, HubSession } from "./session.ts";
import { signedExpiry } from "./signed-expiry.ts";

const operation = "locate";

/**
 * Gives reads of files. What lies in LFS or Xet storage is asked for once by HEAD, as Hugging Face's own client does: that leads to a
 * signed address elsewhere, which never gets the token, and tells what is wrong when the file may not be read. Small files are
 * read from the Hub itself.
 */
export class Locator {
  readonly #session: HubSession;
  /** Repositories whose owner has to grant access, and the answer whether he did. */
  readonly #gated = new Map<string, Promise<void> | undefined>();
  /** Files that were located before: being asked again means that the first address was refused. */
  readonly #located = new Set<string>();

  constructor(session: HubSession) {
    this.#session = session;
  }

  /** Notes that access to a repository is gated: it is checked before its first file is read. */
  noteGated(uri: HuggingFaceUri): void {
    const name = repositoryName(uri);
    if (!this.#gated.has(name)) this.#gated.set(name, undefined);
  }

  async locate(uri: HuggingFaceUri, options: LocateOptions): Promise<HttpReadSource> {
    const { pin, signal } = options;
    const context = { operation, uri, signal };
    await this.#requireAccess(context);
    const url = resolveUrl(this.#session.settings.endpoint, uri, pin?.version ?? uri.revision, uri.key);
    const again = this.#located.has(url);
    this.#located.add(url);
    const answer = again || isStoredElsewhere(pin) ? await this.#head(context, url) : undefined;
    if (answer !== undefined) requireSame(uri, pin, answer);
    return answer?.location === undefined ? this.#atHub(options, url) : this.#elsewhere(uri, answer.location);
  }

  async #requireAccess(context: HubContext): Promise<void> {
    const name = repositoryName(context.uri);
    if (!this.#gated.has(name)) return;
    const check = this.#gated.get(name) ?? this.#askAccess(context);
    this.#gated.set(name, check);
    try {
      await check;
    } catch (error) {
      // Who was refused may be granted access meanwhile.
      this.#gated.set(name, undefined);
      throw error;
    }
  }

  async #askAccess(context: HubContext): Promise<void> {
    const url = apiUrl(this.#session.settings.endpoint, context.uri, "/auth-check");
    try {
      await this.#session.check(context, url);
    } catch (error) {
      if (!isMissingPart(error)) throw error;
    }
  }

  /** Undefined where a mirror cannot answer HEAD: the read itself will tell. */
  async #head(context: HubContext, url: string): Promise<HttpAnswer | undefined> {
    try {
      return await this.#session.resolve(context, url);
    } catch (error) {
      if (isMissingPart(error)) return undefined;
      throw error;
    }
  }

  async #atHub(options: LocateOptions, url: string): Promise<HttpReadSource> {
    const token = await renewRefused(this.#session.credentials, options, carriesToken);
    return {
      kind: "http",
      url,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      expiresAt: Number.POSITIVE_INFINITY,
      secretUrl: false,
      dropHeadersOnRedirect: true,
      network: this.#session.network,
    };
  }

  #elsewhere(uri: HuggingFaceUri, url: string): HttpReadSource {
    const { endpoint } = this.#session.settings;
    if (endpoint.startsWith("https:") && !url.startsWith("https:")) {
      const hint = "Check the endpoint: a Hub that is reached by https leads to https only.";
      throw hubError("protocol", operation, uri, "the Hub leads to an address without https", hint);
    }
    return {
      kind: "http",
      url,
      headers: {},
      expiresAt: signedExpiry(url, this.#session.now),
      secretUrl: true,
      dropHeadersOnRedirect: true,
      network: this.#session.network,
    };
  }
}

/** The pin of a file in LFS or Xet storage has its SHA-256 as the etag. */
function isStoredElsewhere(pin: Pin | undefined): boolean {
  return pin?.etag === undefined || isSha256(bareEtag(pin.etag));
}

/** Holds what the Hub leads to against what its listing said; what it does not tell, the digests will. */
function requireSame(uri: HuggingFaceUri, pin: Pin | undefined, { headers }: HttpAnswer): void {
  if (pin === undefined) return;
  const listed = bareEtag(pin.etag ?? "");
  const linked = bareEtag(headers["x-linked-etag"] ?? "");
  const size = Number(headers["x-linked-size"] ?? 0);
  const otherContent = isSha256(listed) && isSha256(linked) && listed !== linked;
  const otherSize = Number.isSafeInteger(size) && size > 0 && size !== pin.size;
  if (!otherContent && !otherSize) return;
  const detail = "the file that the Hub leads to is not the one of its listing";
  throw hubError("precondition_failed", operation, uri, detail, "List it again, and check the mirror if it persists.");
}

function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function bareEtag(etag: string): string {
  return etag.replace(/^W\//, "").replace(/^"|"$/g, "");
}

function repositoryName({ repositoryType, repository }: HuggingFaceUri): string {
  return `${repositoryType} ${repository}`;
}
