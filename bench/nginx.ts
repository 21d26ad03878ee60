import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Workload } from "./workload.ts";

export interface BenchServer {
  readonly plain: string;
  readonly tls: string;
  readonly caFile: string;
  close(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** An S3 listing as a static file: enough for clients of public buckets that insist on listing before they read. */
function listing(dataRoot: string, workload: Workload): string {
  const contents = workload.files
    .map(
      (file) =>
        `<Contents><Key>${file.name}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;${etagOf(dataRoot, workload, file)}&quot;</ETag><Size>${file.size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    )
    .join("");
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${workload.name}</Name><Prefix></Prefix><KeyCount>${workload.files.length}</KeyCount><MaxKeys>${workload.files.length}</MaxKeys><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`;
}

/** The etag that nginx gives a static file: clients ask for the one that they were told of. */
function etagOf(dataRoot: string, { name: directory }: Workload, { name, size }: Workload["files"][number]): string {
  const modified = Math.floor(statSync(join(dataRoot, directory, name)).mtimeMs / 1000);
  return `${modified.toString(16)}-${size.toString(16)}`;
}

/** nginx over the seeded data, plain and TLS, one worker process, autoindex on. */
export async function startNginx(
  scratch: string,
  dataRoot: string,
  workloads: readonly Workload[],
): Promise<BenchServer> {
  mkdirSync(join(scratch, "logs"), { recursive: true });
  mkdirSync(join(scratch, "listings"), { recursive: true });
  for (const workload of workloads) {
    writeFileSync(join(scratch, "listings", `${workload.name}.xml`), listing(dataRoot, workload));
  }
  const caFile = join(scratch, "cert.pem");
  const keyFile = join(scratch, "key.pem");
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      "-keyout",
      keyFile,
      "-out",
      caFile,
      "-subj",
      "/CN=127.0.0.1",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
    ],
    { stdio: "ignore" },
  );
  const [plainPort, tlsPort] = [await freePort(), await freePort()];
  const location = `root ${dataRoot}; autoindex on;
    location ~ ^/([^/]+)/?$ { if ($args ~ "list-type=2") { rewrite ^/([^/]+)/?$ /.listing/$1 last; } }
    location /.listing/ { rewrite ^/.listing/([^/]+)$ /$1.xml break; root ${join(scratch, "listings")}; default_type application/xml; }`;
  writeFileSync(
    join(scratch, "nginx.conf"),
    `daemon off; worker_processes 1; pid ${join(scratch, "nginx.pid")}; error_log ${join(scratch, "logs/error.log")};
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/octet-stream; types { }
  client_body_temp_path ${scratch}; proxy_temp_path ${scratch}; fastcgi_temp_path ${scratch}; uwsgi_temp_path ${scratch}; scgi_temp_path ${scratch};
  server { listen 127.0.0.1:${plainPort}; ${location} }
  server { listen 127.0.0.1:${tlsPort} ssl; ssl_certificate ${caFile}; ssl_certificate_key ${keyFile}; ssl_protocols TLSv1.2 TLSv1.3; ${location} }
}
`,
  );
  const child = spawn("nginx", ["-c", join(scratch, "nginx.conf"), "-p", scratch], { stdio: "inherit" });
  const plain = `http://127.0.0.1:${plainPort}`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await fetch(plain);
      break;
    } catch (error) {
      if (attempt > 50) throw error;
      await sleep(100);
    }
  }
  return {
    plain,
    tls: `https://127.0.0.1:${tlsPort}`,
    caFile,
    close: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGQUIT");
      await ended;
    },
  };
}
