import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Agent, request } from "undici";
import { startAgentServer } from "../../../src/agent/http/agent-server.ts";
import type { HealthCheck } from "../../../src/agent/http/health.ts";
import { isStorageError } from "../../../src/errors.ts";
import { silentLogger } from "../../../src/telemetry/logger.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { agentStatus, modelStatus } from "../../support/agent-status.ts";

async function serve(t: TestContext, check?: HealthCheck) {
  const options = {
    host: "127.0.0.1",
    port: 0,
    metrics: createMetrics(),
    checks: [check ?? { name: "model-agent-health", run: async () => undefined }],
    snapshot: () => agentStatus([modelStatus("llama")]),
    logger: silentLogger,
  };
  const server = await startAgentServer(options);
  t.after(() => server.close());
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
    return { status: response.status, type: response.headers.get("content-type") ?? "", body: await response.text() };
  };
  return { server, options, get };
}

test("probes answer with the bodies and codes that probes of OME's agent get", async (t) => {
  const { get } = await serve(t);
  for (const path of [
    "/livez",
    "/livez/ping",
    "/healthz",
    "/healthz/model-agent-health",
    "/readyz",
    "/readyz/model-agent-health",
  ]) {
    assert.deepEqual(await get(path), { status: 200, type: "text/plain; charset=utf-8", body: "ok" }, path);
  }
  assert.equal((await get("/healthz?verbose")).body, "[+]model-agent-health ok\nhealthz check passed\n");
  assert.equal((await get("/readyz?verbose")).body, "[+]model-agent-health ok\nreadyz check passed\n");
});

test("an unhealthy agent is alive and keeps its reason to itself", async (t) => {
  const { get } = await serve(t, { name: "model-agent-health", run: async () => "no such directory" });
  assert.equal((await get("/livez")).status, 200);
  const answer = await get("/healthz");
  assert.equal(answer.status, 500);
  assert.equal(answer.body, "[-]model-agent-health failed: reason withheld\nhealthz check failed\n");
  assert.equal((await get("/healthz/model-agent-health")).status, 500);
  const ready = { status: 500, body: "[-]model-agent-health failed: reason withheld\nreadyz check failed\n" };
  assert.deepEqual({ ...(await get("/readyz")), type: undefined }, { ...ready, type: undefined });
});

test("nothing else is served, and nothing can be changed", async (t) => {
  const { server, get } = await serve(t);
  assert.deepEqual(await get("/healthz/none"), { status: 404, type: "text/plain; charset=utf-8", body: "not found\n" });
  assert.equal((await get("/")).status, 404);
  assert.equal((await get("//[")).status, 404);
  const url = `http://127.0.0.1:${server.port}/status`;
  const posted = await fetch(url, { method: "POST", body: "x" });
  assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
  const head = await fetch(url, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  assert.ok(Number(head.headers.get("content-length")) > 2);
});

test("a request that meets a defect is answered, logged, and harms nobody else", async (t) => {
  const errors: unknown[] = [];
  const { options, server } = await serve(t);
  const broken = await startAgentServer({
    ...options,
    logger: { ...silentLogger, error: (fields) => errors.push(fields) },
    snapshot: () => {
      throw new RangeError("a defect");
    },
  });
  t.after(() => broken.close());
  assert.notEqual(broken.port, server.port);
  assert.equal((await fetch(`http://127.0.0.1:${broken.port}/status`)).status, 500);
  assert.equal((await fetch(`http://127.0.0.1:${broken.port}/livez`)).status, 200);
  assert.equal(errors.length, 1);
});

test("closing ends connections that clients keep open", async (t) => {
  const { options } = await serve(t);
  const server = await startAgentServer(options);
  const agent = new Agent({ keepAliveTimeout: 60_000 });
  t.after(() => agent.destroy());
  const { body } = await request(`http://127.0.0.1:${server.port}/livez`, { dispatcher: agent });
  assert.equal(await body.text(), "ok");
  await server.close();
  await assert.rejects(fetch(`http://127.0.0.1:${server.port}/livez`));
});

test("metrics come in the Prometheus text format", async (t) => {
  const { get } = await serve(t);
  const { type, body } = await get("/metrics");
  assert.match(type, /^text\/plain; version=0\.0\.4/);
  assert.match(body, /# TYPE model_agent_downloads_success_total counter/);
});

test("status is JSON for programs and a page for browsers", async (t) => {
  const { get } = await serve(t);
  const json = await get("/status");
  assert.match(json.type, /application\/json/);
  assert.deepEqual(JSON.parse(json.body), JSON.parse(JSON.stringify(agentStatus([modelStatus("llama")]))));
  const page = await get("/status", { accept: "text/html,application/xhtml+xml" });
  assert.match(page.type, /text\/html/);
  assert.match(page.body, /llama/);
});

test("a port that is taken is refused with the option to change", async (t) => {
  const { server, options } = await serve(t);
  await assert.rejects(
    startAgentServer({ ...options, port: server.port }),
    (error) => isStorageError(error) && error.code === "config_invalid" && /--port/.test(error.hint),
  );
});
