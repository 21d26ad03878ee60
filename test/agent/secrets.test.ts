import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/telemetry/clock.ts";
import { generatedContent } from "../../src/testing/content/index.ts";
import { startFakeAzure } from "../../src/testing/fake-azure/index.ts";
import { startFakeGcs } from "../../src/testing/fake-gcs/index.ts";
import { startFakeGithub } from "../../src/testing/fake-github/index.ts";
import { startFakeHub } from "../../src/testing/fake-hub/index.ts";
import { startFakeOci } from "../../src/testing/fake-oci/index.ts";
import { startFakeS3 } from "../../src/testing/fake-s3/index.ts";
import { startListener } from "../../src/testing/loopback/start-listener.ts";
import { jsonAnswer } from "../../src/testing/loopback/web-answer.ts";
import { agentClient } from "../support/agent-house.ts";
import { startAzureMetadata } from "../support/azure/fake-metadata.ts";
import { containerSas } from "../support/azure/sas.ts";
import { storageClaims } from "../support/azure/tokens.ts";
import { runCommand } from "../support/cli.ts";
import { startTokenServices } from "../support/gcp/fake-token-services.ts";
import { createServiceAccount } from "../support/gcp/service-account.ts";
import { createTestUser, knownKey } from "../support/oci/api-key.ts";
import { startIdentityService } from "../support/oci/fake-identity-service.ts";
import { startOciMetadata } from "../support/oci/fake-instance-metadata.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { secretMark } from "../support/secret-watch.ts";
import { StaticHttpServer } from "../support/static-http-server.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const mebibyte = 1024 * 1024;
/** Large enough to be journaled while it is fetched. */
const weights = generatedContent({ seed: 1, size: 17 * mebibyte });
const bytes = Buffer.alloc(weights.size);
weights.read(0, bytes);
const files: Readonly<Record<string, Buffer | string>> = { "config.json": "{}", "weights.bin": bytes };

interface Place {
  readonly uri: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly secret?: Readonly<Record<string, string>>;
}

/** Services of every provider, with what logs in to them, rightly and wrongly, and every secret that is about. */
async function services(t: TestContext, home: string) {
  // Whatever can be chosen carries the mark. What cannot is added here, as it is made or seen.
  const secrets = new Set<string>([secretMark]);
  const places: Record<string, Place> = {};
  const failing: Record<string, Place> = {};
  const env: Record<string, string> = { HOME: home, PATH: process.env["PATH"] ?? "" };
  const pem = (text: string): void => {
    for (const line of text.split("\n")) if (/^[A-Za-z0-9+/]{40,}={0,2}$/.test(line)) secrets.add(line);
  };

  const s3 = await startFakeS3({
    buckets: ["models"],
    credentials: [{ accessKeyId: "AKIAKEYSKEYSKEYSKEYS", secretAccessKey: `${secretMark}/keys` }],
    onAnswer: ({ request }) => {
      const signature = request.parameters.get("X-Amz-Signature");
      if (signature !== undefined) secrets.add(signature);
    },
  });
  const container = await startListener(() => {
    const [accessKeyId, secretAccessKey] = ["ASIACONTAINERCONTAIN", `${secretMark}/container`];
    const sessionToken = `${secretMark}/session+token=`;
    s3.addCredential({ accessKeyId, secretAccessKey, sessionToken });
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    return jsonAnswer({ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration });
  });
  t.after(() => Promise.all([s3.close(), container.close()]));
  for (const [name, content] of Object.entries(files)) await s3.putObject("models", `m/${name}`, content);
  env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = `${container.url}/keys`;
  const s3Place = { uri: "s3://models/m", parameters: { endpoint: s3.url, region: "us-east-1" } };
  const keys = { accessKeyId: "AKIAKEYSKEYSKEYSKEYS", secretAccessKey: `${secretMark}/keys` };
  places["s3-keys"] = { ...s3Place, secret: keys };
  places["s3-container"] = s3Place;
  failing["s3-keys"] = { ...s3Place, secret: { ...keys, secretAccessKey: `${secretMark}/wrong` } };

  const account = createServiceAccount();
  const tokens = await startTokenServices(systemClock);
  tokens.accounts.push(account);
  const gcs = await startFakeGcs({ buckets: ["models"] });
  tokens.onToken = (token, email) => gcs.addToken({ token, email });
  t.after(() => Promise.all([tokens.close(), gcs.close()]));
  for (const [name, content] of Object.entries(files)) await gcs.putObject("models", `m/${name}`, content);
  const gcsPlace = { uri: "gs://models/m", parameters: { endpoint: gcs.url } };
  const stranger = createServiceAccount("stranger");
  for (const { keyFile } of [account, stranger]) pem(JSON.parse(keyFile(tokens.tokenUri)).private_key);
  places["gcs-key"] = { ...gcsPlace, secret: { keyJson: account.keyFile(tokens.tokenUri) } };
  failing["gcs-key"] = { ...gcsPlace, secret: { keyJson: stranger.keyFile(tokens.tokenUri) } };

  const metadata = await startAzureMetadata(systemClock);
  const azure = await startFakeAzure({
    containers: ["models"],
    bearer: (token) => (storageClaims(token, Date.now()) === undefined ? undefined : "read"),
  });
  t.after(() => Promise.all([metadata.close(), azure.close()]));
  for (const [name, content] of Object.entries(files)) azure.putBlob("models", `m/${name}`, content, { md5: "none" });
  env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = metadata.url;
  const azurePlace = { uri: "azure://testaccount/models/m", parameters: { endpoint: azure.url } };
  const sas = containerSas(azure, "models", { permissions: "rl" });
  const wrongSas = sas.replace(/sig=\w{6}/, "sig=wrong0");
  for (const query of [sas, wrongSas]) {
    const signature = new URLSearchParams(query).get("sig") ?? "";
    for (const form of [signature, encodeURIComponent(signature)]) secrets.add(form);
  }
  const wrongKey = Buffer.from(`${secretMark} wrong key of the account`).toString("base64");
  for (const key of [azure.accountKey, wrongKey]) secrets.add(key);
  places["azure-key"] = { ...azurePlace, secret: { accountKey: azure.accountKey } };
  places["azure-sas"] = { ...azurePlace, secret: { sasToken: sas } };
  places["azure-identity"] = azurePlace;
  failing["azure-key"] = { ...azurePlace, secret: { accountKey: wrongKey } };
  failing["azure-sas"] = { ...azurePlace, secret: { sasToken: wrongSas } };

  const user = createTestUser();
  const passphrase = `${secretMark} phrase`;
  const encrypted = user.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase });
  pem(user.pem);
  pem(String(encrypted));
  const instance = await startOciMetadata(t, systemClock);
  const identity = await startIdentityService(t, systemClock);
  env["OCI_METADATA_BASE_URL"] = instance.baseUrl;
  env["OCI_SDK_AUTH_CLIENT_REGION_URL"] = identity.origin;
  const oci = await startFakeOci({
    buckets: ["models"],
    keys: [knownKey(user)],
    tokenIssuer: identity.issuer,
    intercept: ({ headers }) => {
      const signature = /signature="([^"]+)"/.exec(headers.get("authorization") ?? "")?.[1];
      if (signature !== undefined) secrets.add(signature);
      for (const token of identity.tokens) secrets.add(token);
      return undefined;
    },
  });
  t.after(() => oci.close());
  for (const [name, content] of Object.entries(files)) await oci.putObject("models", `m/${name}`, content);
  const ociPlace = {
    uri: "oci://n/testspace/b/models/o/m",
    parameters: { endpoint: oci.url, region: "us-ashburn-1" },
  };
  const { tenancy, fingerprint } = user;
  const ociKey = { tenancy, user: user.user, fingerprint, privateKey: String(encrypted), passphrase };
  const grant = oci.createPreauthenticatedRequest({ bucket: "models", prefix: "m/", lists: true });
  secrets.add(/\/p\/([^/]+)\//.exec(grant)?.[1] ?? grant);
  places["oci-user"] = { ...ociPlace, secret: ociKey };
  places["oci-instance"] = ociPlace;
  places["oci-request"] = {
    uri: "oci://models/m/",
    parameters: {},
    secret: { preauthenticatedRequest: grant },
  };
  failing["oci-user"] = { ...ociPlace, secret: { ...ociKey, passphrase: `${secretMark} wrong` } };

  const hub = await startFakeHub({ tokens: [{ token: `hf_${secretMark}`, user: "alice", grants: ["org/model"] }] });
  hub.createRepository({ name: "org/model", private: true }).commit(files, "main");
  t.after(() => hub.close());
  env["HF_ENDPOINT"] = hub.url;
  places["hf"] = { uri: "hf://org/model", secret: { token: `hf_${secretMark}` } };
  failing["hf"] = { uri: "hf://org/model", secret: { token: `hf_${secretMark}Wrong` } };

  const github = await startFakeGithub({ tokens: { [`ghp_${secretMark}`]: ["owner/repo"] } });
  github.createRepository("owner/repo", { private: true });
  github.release("owner/repo", "v1", files);
  t.after(() => github.close());
  env["GITHUB_API_URL"] = github.url;
  places["github"] = { uri: "github://owner/repo@v1", secret: { token: `ghp_${secretMark}` } };
  failing["github"] = { uri: "github://owner/repo@v1", secret: { token: `ghp_${secretMark}Wrong` } };

  const basic = `Basic ${Buffer.from(`reader:${secretMark}`).toString("base64")}`;
  secrets.add(basic.slice("Basic ".length));
  const web = await new StaticHttpServer({
    index: "nginx",
    intercept: ({ url = "", headers }, response) => {
      const signed = new URL(url, "http://x").searchParams.get("sig") === secretMark;
      if (signed || headers.authorization === basic || headers.authorization === `Bearer ${secretMark}`) return false;
      response.writeHead(401).end();
      return true;
    },
  }).start();
  t.after(() => web.stop());
  for (const [name, content] of Object.entries(files)) web.write(`m/${name}`, content);
  const webUri = `${web.origin}/m/`;
  places["http-basic"] = { uri: webUri, secret: { username: "reader", password: secretMark } };
  places["http-bearer"] = { uri: webUri, secret: { token: secretMark } };
  places["http-signed"] = { uri: `${web.origin}/m/weights.bin?sig=${secretMark}` };
  failing["http-basic"] = { uri: webUri, secret: { username: "reader", password: `${secretMark}wrong` } };
  return { secrets, places, failing, env };
}

/** Writes a manifest and its Secret. */
async function wish(directory: string, name: string, { uri, parameters, secret }: Place): Promise<void> {
  const spec = { storageUri: uri, path: join(directory, "models", name), parameters };
  if (secret !== undefined) {
    await mkdir(join(directory, "secrets", name), { recursive: true });
    for (const [entry, value] of Object.entries(secret)) {
      await writeFile(join(directory, "secrets", name, entry), value);
    }
  }
  const document = {
    apiVersion: "ome.io/v1beta1",
    kind: "ClusterBaseModel",
    metadata: { name },
    spec: { storage: { ...spec, ...(secret === undefined ? {} : { key: name }) } },
  };
  await writeFile(join(directory, "manifests", `${name}.json`), JSON.stringify(document));
}

async function startAgent(t: TestContext, directory: string, env: Record<string, string>, more: readonly string[]) {
  const args = ["--manifests", join(directory, "manifests"), "--models-root", join(directory, "models")];
  const all = [...args, "--secrets", join(directory, "secrets"), "--port", "0", "--log-level", "debug", ...more];
  const child: ChildProcess = spawn(process.execPath, [main, "run", ...all, "--num-download-worker", "8"], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  t.after(() => end("SIGKILL"));
  const output: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`exit ${code}: ${output.join("")}`)));
    const take = (chunk: Buffer): void => {
      output.push(chunk.toString("utf8"));
      const found = /"port":(\d+).*the agent is running|the agent is running.*"port":(\d+)/.exec(output.join(""));
      if (found !== null) resolve(Number(found[1] ?? found[2]));
    };
    child.stderr?.on("data", take);
    child.stdout?.on("data", take);
  });
  return { output, port, end, ...agentClient(port) };
}

/** Every file below a directory, in one text each. Weights are left out once they are published. */
async function contents(directory: string): Promise<readonly (readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    const about = await stat(path).catch(() => undefined);
    if (about?.isFile() !== true || name.endsWith("weights.bin")) continue;
    found.push([name, await readFile(path, "latin1")]);
  }
  return found;
}

test("a full run of the agent at debug level shows no secret of any provider: log, errors, /status, metrics, journal, files", {
  timeout: 150_000,
}, async (t) => {
  const directory = await scratchDirectory(t);
  for (const name of ["manifests", "secrets", "models", "home"]) await mkdir(join(directory, name));
  const { secrets, places, failing, env } = await services(t, join(directory, "home"));
  const shown: [string, string][] = [];
  const look = async (agent: Awaited<ReturnType<typeof startAgent>>): Promise<void> => {
    for (const path of ["/status", "/metrics", "/healthz", "/readyz"]) shown.push([path, (await agent.get(path)).body]);
    const asked = await runCommand(["status", "--url", `http://127.0.0.1:${agent.port}`, "--format", "json"]);
    shown.push(["model-agent status", asked.stdout + asked.stderr]);
  };

  for (const [name, place] of Object.entries(places)) await wish(directory, name, place);
  for (const [name, place] of Object.entries(failing)) await wish(directory, `wrong-${name}`, place);
  const first = await startAgent(t, directory, env, ["--max-bandwidth", "25M"]);
  const journals = () =>
    contents(join(directory, "models")).then((all) => all.filter(([name]) => /staging/.test(name)));
  for (let waited = 0; waited < 60_000; waited += 100) {
    const noted = (await journals()).filter(([name, text]) => name.includes("journal") && text.includes("piece"));
    if (noted.length >= 3) break;
    await sleep(100);
  }
  await look(first);
  await first.end("SIGKILL");
  const left = await journals();
  assert.ok(
    left.some(([name, text]) => name.includes("journal") && text.includes("piece")),
    "a journal was left",
  );
  for (const [name, text] of await contents(join(directory, "models"))) shown.push([`killed: ${name}`, text]);

  const second = await startAgent(t, directory, env, []);
  for (const name of Object.keys(places)) await second.ready(name);
  for (const name of Object.keys(failing)) {
    const model = await second.until(`wrong-${name}`, (found) => found?.error !== undefined);
    assert.ok(model?.error !== undefined, name);
  }
  await look(second);
  await second.end("SIGTERM");
  for (const [name, text] of await contents(join(directory, "models"))) shown.push([`ended: ${name}`, text]);
  for (const { output } of [first, second]) shown.push(["log", output.join("")]);

  const log = [first, second].flatMap(({ output }) => output.join("").trim().split("\n"));
  for (const provider of ["s3", "gcs", "azure", "oci", "huggingface", "github", "http"]) {
    const opened = log.filter((line) => line.includes('"storage opened"') && line.includes(`"provider":"${provider}"`));
    assert.ok(opened.length > 0, `${provider} was opened, at debug level`);
  }
  for (const login of ["aws", "gcp", "azure", "oci", "huggingface", "github"]) {
    const said = log.filter((line) => line.includes('"identity of the storage client"') && line.includes(`"${login}"`));
    assert.ok(said.length > 0, `the identity of ${login} was said`);
  }
  assert.ok(secrets.size > 100, `${secrets.size} secrets`);
  for (const secret of secrets) {
    for (const [where, text] of shown) {
      const at = text.indexOf(secret);
      assert.equal(at, -1, `${where} shows a secret: ${text.slice(Math.max(0, at - 200), at + 100)}`);
    }
  }
});
