import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { toStorageError } from "../../errors.ts";
import { connectionError } from "../../network/connection-error.ts";
import { proxyFor } from "../../network/proxy-for.ts";
import type { HttpReadSource, ReadSource } from "../../storage/read-source.ts";
import { originOf } from "../http/origin.ts";
import { Endpoint } from "./endpoint.ts";
import type { Located, SourceAccess } from "./source-access.ts";
import type { TransferContext } from "./transfer-context.ts";

/** Reads of files on this machine and of streams that run at a time. */
const localConnections = 4;
const initialConnections = 8;

/** Locates sources and resolves hosts; keeps one {@link Endpoint} for each place that is read from. */
export class Locator {
  readonly endpoints = new Map<string, Endpoint>();
  readonly #context: TransferContext;
  readonly #maxConnections: number;

  constructor(context: TransferContext, maxConnections: number) {
    this.#context = context;
    this.#maxConnections = maxConnections;
  }

  /** Makes a source readable. Throws what locating throws. */
  async prepare(access: SourceAccess): Promise<void> {
    const { source } = access;
    if (source.read !== undefined) {
      const endpoint = this.#endpoint(`stream ${source.scope}`, "", undefined);
      access.settle({ read: { kind: "stream" }, endpoint }, this.#context.clock.now());
      return;
    }
    const { signal } = this.#context.stopping;
    const read = await source.locate({ signal, refused: access.refusedRead }).catch((error: unknown) => {
      throw toStorageError(error, "locate", source.target);
    });
    access.settle(await this.#located(read), this.#context.clock.now());
  }

  /** Continues a source at the place that a redirect led to. */
  async redirect(access: SourceAccess, read: HttpReadSource): Promise<void> {
    access.settle(await this.#located(read), this.#context.clock.now());
  }

  async #located(read: ReadSource): Promise<Located> {
    if (read.kind !== "http") return { read, endpoint: this.#endpoint(read.kind, "", undefined) };
    const url = new URL(read.url);
    const origin = originOf(url);
    const endpoint = this.#endpoint(`${origin.text} ${read.network.id}`, origin.host, read.network);
    if (proxyFor(read.network, url) === undefined) await this.#resolve(endpoint);
    return { read, endpoint };
  }

  #endpoint(key: string, host: string, network: HttpReadSource["network"] | undefined): Endpoint {
    const known = this.endpoints.get(key);
    if (known !== undefined) return known;
    const max = network === undefined ? Math.min(localConnections, this.#maxConnections) : this.#maxConnections;
    const endpoint = new Endpoint(key, host, network, { initial: Math.min(initialConnections, max), max });
    this.endpoints.set(key, endpoint);
    return endpoint;
  }

  async #resolve(endpoint: Endpoint): Promise<void> {
    const { book, host } = endpoint;
    if (!book.stale(this.#context.now)) return;
    if (!book.empty) {
      this.refresh(endpoint);
      return;
    }
    try {
      book.resolved(await this.#lookup(host), this.#context.now);
    } catch (error) {
      throw connectionError(error, { operation: "read", host });
    }
  }

  /** Asks DNS again in the background when its last answer is old: large services name other addresses every time. */
  refresh(endpoint: Endpoint): void {
    if (endpoint.host === "" || endpoint.book.empty || !endpoint.book.stale(this.#context.now)) return;
    endpoint.book.resolved([], this.#context.now);
    this.#lookup(endpoint.host).then(
      (addresses) => endpoint.book.resolved(addresses, this.#context.now),
      () => undefined,
    );
  }

  async #lookup(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const resolveHost = this.#context.options.resolveHost;
    if (resolveHost !== undefined) return resolveHost(host);
    return (await lookup(host, { all: true })).map(({ address }) => address);
  }
}
