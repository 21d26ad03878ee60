import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

const here = (name: string): string => readFileSync(new URL(`tls/${name}`, import.meta.url), "utf8");

/** PEM of the authority that issued the test certificates. */
export const testCa = here("ca.pem");

/** Path of {@link testCa}, for settings that name a file. */
export const testCaPath = new URL("tls/ca.pem", import.meta.url).pathname;

export interface WebServer {
  readonly port: number;
  /** `http://127.0.0.1:port` or `https://127.0.0.1:port`. */
  readonly origin: string;
  /** Ends it before its test ends. */
  close(): Promise<void>;
}

/** An HTTP server on loopback that ends with the test. */
export function startHttp(t: TestContext, listener: RequestListener): Promise<WebServer> {
  return listen(t, createHttpServer(listener), "http");
}

/** An HTTPS server on loopback with the test certificate, or the expired one. */
export function startHttps(
  t: TestContext,
  listener: RequestListener,
  certificate: "server" | "expired" = "server",
): Promise<WebServer> {
  return listen(
    t,
    createHttpsServer({ key: here("server-key.pem"), cert: here(`${certificate}.pem`) }, listener),
    "https",
  );
}

async function listen(t: TestContext, server: Server, scheme: string): Promise<WebServer> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((done) => server.close(done));
  };
  t.after(close);
  return { port, origin: `${scheme}://127.0.0.1:${port}`, close };
}
