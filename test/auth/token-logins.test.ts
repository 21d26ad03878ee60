import assert from "node:assert/strict";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { AuthRequest } from "../../src/auth/auth-request.ts";
import { chooseGithubSettings } from "../../src/auth/github/choose-settings.ts";
import { createGithubCredentials } from "../../src/auth/github/create.ts";
import { chooseHuggingFaceSettings } from "../../src/auth/huggingface/choose-settings.ts";
import { createHuggingFaceCredentials } from "../../src/auth/huggingface/create.ts";
import { directNetwork } from "../../src/network/network-profile.ts";
import { systemClock } from "../../src/telemetry/clock.ts";
import { startFakeHub } from "../../src/testing/fake-hub/index.ts";
import { manualClock } from "../support/manual-clock.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { secretMark, watchSecrets } from "../support/secret-watch.ts";
import { startHttp } from "../support/web-server.ts";

const watch = watchSecrets();
const secretToken = (name: string): string => `hf_${name}_${secretMark}`;

type Changes<P extends "huggingface" | "github"> = Partial<Omit<AuthRequest<P>, "provider">>;

function request<P extends "huggingface" | "github">(provider: P, changes: Changes<P>): AuthRequest<P> {
  const base = { parameters: {}, env: {}, network: directNetwork, clock: systemClock, logger: watch.logger };
  return { provider, ...base, ...changes };
}

const hub = (changes: Changes<"huggingface">) => createHuggingFaceCredentials(request("huggingface", changes));
const github = (changes: Changes<"github">) => createGithubCredentials(request("github", changes));

test("the token comes from the parameters, the Secret, HF_TOKEN, the token files, in this order", async (t) => {
  const home = await scratchDirectory(t);
  const tokenPath = join(home, "own-token");
  await mkdir(join(home, "hf"));
  await mkdir(join(home, ".cache/huggingface"), { recursive: true });
  await writeFile(tokenPath, `${secretToken("path")}\n`);
  await writeFile(join(home, "hf/token"), secretToken("home"));
  await writeFile(join(home, ".cache/huggingface/token"), secretToken("cache"));
  const everything = {
    HOME: home,
    HF_TOKEN: secretToken("env"),
    HUGGING_FACE_HUB_TOKEN: secretToken("legacy"),
    HF_TOKEN_PATH: tokenPath,
    HF_HOME: join(home, "hf"),
  };
  const steps = [
    [
      { parameters: { token: secretToken("parameter") }, secret: { token: secretToken("secret") } },
      "parameter",
      "token in parameters",
    ],
    [{ secret: { token: secretToken("secret") } }, "secret", "token in secret"],
    [{ secret: { HF_TOKEN: secretToken("entry") } }, "entry", "token in secret"],
    [{}, "env", "environment (HF_TOKEN)"],
    [{ without: ["HF_TOKEN"] }, "legacy", "environment (HUGGING_FACE_HUB_TOKEN)"],
    [{ without: ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] }, "path", "token file of HF_TOKEN_PATH"],
    [{ without: ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"] }, "home", "token file"],
    [{ without: ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME"] }, "cache", "token file"],
  ] as const;
  for (const [step, name, source] of steps) {
    const without: readonly string[] = "without" in step ? step.without : [];
    const env = Object.fromEntries(Object.entries(everything).filter(([key]) => !without.includes(key)));
    const parameters = "parameters" in step ? step.parameters : {};
    const secret = "secret" in step ? step.secret : undefined;
    const credentials = hub({ parameters, secret, env });
    assert.equal(await credentials.resolve(), secretToken(name), name);
    assert.equal(credentials.source, source);
  }
});

test("without any token access is anonymous, unless a token was asked for", async (t) => {
  const env = { HOME: await scratchDirectory(t) };
  const credentials = hub({ env });
  assert.equal(await credentials.resolve(), undefined);
  assert.deepEqual((await credentials.identify()).kind, "anonymous");
  const error = await watch.rejection(hub({ env, parameters: { auth: "HuggingFaceToken" } }).resolve());
  assert.equal(error.code, "unauthenticated");
  assert.match(error.message, /there is no token, and .*\.cache\/huggingface\/token does not exist/);
});

test("anonymous access sends nothing of the environment, and contradicts a token beside it", async () => {
  const env = { HF_TOKEN: secretToken("env") };
  const credentials = hub({ env, parameters: { auth: "anonymous" } });
  assert.deepEqual([credentials.authType, await credentials.resolve()], ["anonymous", undefined]);
  const parameters = { auth: "none", token: secretToken("parameter") };
  const error = await watch.rejection(() => hub({ parameters }));
  assert.equal(error.code, "config_invalid");
  assert.match(error.message, /token has no meaning with auth anonymous/);
});

test("HF_HUB_DISABLE_IMPLICIT_TOKEN leaves the tokens that were given outright", async (t) => {
  const home = await scratchDirectory(t);
  await mkdir(join(home, ".cache/huggingface"), { recursive: true });
  await writeFile(join(home, ".cache/huggingface/token"), secretToken("cache"));
  const env = { HOME: home, HF_TOKEN: secretToken("env"), HF_HUB_DISABLE_IMPLICIT_TOKEN: "ON" };
  assert.equal(await hub({ env }).resolve(), undefined);
  assert.equal(await hub({ env, secret: { token: secretToken("secret") } }).resolve(), secretToken("secret"));
});

test("a token of the environment goes to no address that only the manifest names", async (t) => {
  const home = await scratchDirectory(t);
  await mkdir(join(home, ".cache/huggingface"), { recursive: true });
  await writeFile(join(home, ".cache/huggingface/token"), secretToken("cache"));
  const elsewhere = { endpoint: "https://mirror.example" };
  const env = { HOME: home, HF_TOKEN: secretToken("env") };
  assert.equal(await hub({ env, parameters: elsewhere }).resolve(), undefined);
  assert.equal(await hub({ env: { HOME: home }, parameters: elsewhere }).resolve(), undefined);
  assert.ok(watch.messages.some((message) => /meant for another address/.test(message)));
  const sent = await hub({ env, parameters: elsewhere, secret: { token: secretToken("secret") } }).resolve();
  assert.equal(sent, secretToken("secret"));
  const own = { ...env, HF_ENDPOINT: "https://mirror.example/" };
  assert.equal(await hub({ env: own, parameters: elsewhere }).resolve(), secretToken("env"));

  const enterprise = { endpoint: "https://ghe.example/api/v3" };
  assert.equal(
    await github({ env: { GITHUB_TOKEN: secretToken("env") }, parameters: enterprise }).resolve(),
    undefined,
  );
});

test("a token in the parameters works and is warned about", async () => {
  const before = watch.messages.length;
  await hub({ parameters: { token: secretToken("inline") } }).resolve();
  assert.match(
    watch.messages.slice(before).join("\n"),
    /warn parameters\.token can be read by everyone who may read the manifest/,
  );
});

test("a rotated token file is read again after a minute, and at once when the token is refused", async (t) => {
  const home = await scratchDirectory(t);
  const path = join(home, "token");
  const clock = manualClock();
  await writeFile(path, secretToken("one"));
  const credentials = hub({ env: { HF_TOKEN_PATH: path, HOME: home }, clock });
  assert.equal(await credentials.resolve(), secretToken("one"));
  await writeFile(path, secretToken("two"));
  await clock.advance(30_000);
  assert.equal(await credentials.resolve(), secretToken("one"));
  assert.equal(await credentials.resolve({ forceRefresh: true }), secretToken("two"));
  await writeFile(path, secretToken("three"));
  await clock.advance(61_000);
  await credentials.resolve();
  await clock.advance(10);
  while ((await credentials.resolve()) !== secretToken("three")) await new Promise((done) => setTimeout(done, 5));
});

test("a token file that is there and cannot be read, or holds no token, is an error and not anonymous access", async (t) => {
  const home = await scratchDirectory(t);
  const path = join(home, "token");
  await mkdir(path);
  const env = { HF_TOKEN_PATH: path, HOME: home };
  const unreadable = await watch.rejection(hub({ env }).resolve());
  assert.deepEqual([unreadable.code, unreadable.target], ["unauthenticated", path]);
  await rm(path, { recursive: true });
  await writeFile(path, `two words ${secretMark}`);
  await chmod(path, 0o600);
  const garbled = await watch.rejection(hub({ env }).resolve());
  assert.equal(garbled.code, "config_invalid");
});

test("the Hub and GitHub are asked whose token it is", async (t) => {
  const server = await startFakeHub({ tokens: [{ token: secretToken("alice"), user: "alice" }] });
  t.after(() => server.close());
  const env = { HF_ENDPOINT: server.url };
  const known = await hub({ env, secret: { token: secretToken("alice") } }).identify();
  assert.deepEqual(known, { kind: "user", name: "alice", source: "token in secret", confirmed: true });
  const stranger = await hub({ env, secret: { token: secretToken("bob") } }).identify();
  assert.deepEqual(stranger, { kind: "unknown", name: "unknown", source: "token in secret", confirmed: false });

  const api = await startHttp(t, (incoming, response) => {
    const good = incoming.url === "/user" && incoming.headers.authorization === `Bearer ${secretToken("octocat")}`;
    response.writeHead(good ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(good ? { login: "octocat" } : { message: "Bad credentials" }));
  });
  const settings = { env: { GITHUB_API_URL: api.origin, GH_TOKEN: secretToken("octocat") } };
  const user = await github(settings).identify();
  assert.deepEqual(user, { kind: "user", name: "octocat", source: "environment (GH_TOKEN)", confirmed: true });
});

test("GitHub's token comes from the parameters, the Secret, GH_TOKEN, GITHUB_TOKEN, in this order", () => {
  const env = { GH_TOKEN: "gh", GITHUB_TOKEN: "github" };
  const tokenOf = (input: Parameters<typeof chooseGithubSettings>[0]) => {
    const settings = chooseGithubSettings(input);
    return settings.type === "token" ? settings.token?.value : undefined;
  };
  assert.equal(tokenOf({ parameters: { token: "p" }, secret: { token: "s" }, env }), "p");
  assert.equal(tokenOf({ parameters: {}, secret: { GITHUB_TOKEN: "s" }, env }), "s");
  assert.equal(tokenOf({ parameters: {}, secret: {}, env }), "gh");
  assert.equal(tokenOf({ parameters: {}, secret: {}, env: { GITHUB_TOKEN: "github" } }), "github");
  assert.equal(tokenOf({ parameters: {}, secret: {}, env: {} }), undefined);
});

test("an address in the environment that is none is refused before anything is asked", async () => {
  const refused = async (choose: () => unknown, name: RegExp) => {
    const error = await watch.rejection(choose);
    assert.equal(error.code, "config_invalid");
    assert.match(error.message, name);
  };
  for (const value of ["huggingface.co", "ftp://x", "https://user:pass@x", "https://x?y"]) {
    const env = { HF_ENDPOINT: value, GITHUB_API_URL: value };
    await refused(() => chooseHuggingFaceSettings({ parameters: {}, env }), /HF_ENDPOINT is no http/);
    await refused(() => chooseGithubSettings({ parameters: {}, env }), /GITHUB_API_URL is no http/);
  }
});
