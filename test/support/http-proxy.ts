import { readFileSync } from "node:fs";
import { createServer, type RequestListener, request } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface TestProxy {
  readonly port: number;
  readonly url: string;
  /** `CONNECT host:port` and `GET http://host/path` lines, in order of arrival. */
  readonly requests: string[];
}

export interface TestProxyOptions {
  /** `user:password` that clients must present. */
  readonly credentials?: string;
  /** Answer every CONNECT with this status instead of opening the tunnel. */
  readonly refuseWith?: number;
  /** Speak TLS to clients, with the test certificate. */
  readonly secure?: boolean;
  /** Names that the proxy resolves to loopback, as a company's DNS would. */
  readonly hosts?: readonly string[];
}

/** A forward proxy as companies run them: CONNECT for TLS, absolute-form requests for plain HTTP. Ends with the test. */
export async function startProxy(t: TestContext, options: TestProxyOptions = {}): Promise<TestProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const expected =
    options.credentials === undefined ? undefined : `Basic ${Buffer.from(options.credentials).toString("base64")}`;
  const resolve = (host: string): string => (options.hosts?.includes(host) ? "127.0.0.1" : host);

  const forward: RequestListener = (incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    if (expected !== undefined && incoming.headers["proxy-authorization"] !== expected) {
      outgoing.writeHead(407, { "proxy-authenticate": "Basic" }).end();
      return;
    }
    const target = new URL(incoming.url ?? "");
    const { "proxy-authorization": _credentials, ...headers } = incoming.headers;
    const forwarded = request(
      {
        host: resolve(target.hostname),
        port: target.port,
        path: target.pathname + target.search,
        method: incoming.method,
        headers,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  };
  const pem = (name: string): string => readFileSync(new URL(`tls/${name}`, import.meta.url), "utf8");
  const server = options.secure
    ? createSecureServer({ key: pem("server-key.pem"), cert: pem("server.pem") }, forward)
    : createServer(forward);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("connect", (incoming, client: Socket, head: Buffer) => {
    requests.push(`CONNECT ${incoming.url}`);
    client.on("error", () => client.destroy());
    const refusal =
      expected !== undefined && incoming.headers["proxy-authorization"] !== expected ? 407 : options.refuseWith;
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal} Refused\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const target = new URL(`http://${incoming.url}`);
    const upstream = connect(Number(target.port || 80), resolve(target.hostname.replace(/^\[(.+)\]$/, "$1")), () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    upstream.on("close", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${options.secure ? "https" : "http"}://${options.credentials === undefined ? "" : `${options.credentials}@`}127.0.0.1:${port}`,
    requests,
  };
}
