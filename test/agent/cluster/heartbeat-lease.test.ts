import assert from "node:assert/strict";
import { test } from "node:test";
import { renewLease } from "../../../src/agent/cluster/heartbeat-lease.ts";
import { ApiClient } from "../../../src/kubernetes/api-client.ts";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { FakeKubernetes } from "../../../src/testing/fake-kubernetes/fake-kubernetes.ts";
import { recordingLogger } from "../../support/recording-logger.ts";

test("the Lease is made once and renewed every minute; without the right to it there is one line", async () => {
  const fake = await FakeKubernetes.start();
  const client = new ApiClient({
    connection: { server: fake.url, namespace: "ome", access: async () => ({ headers: {}, rejectUnauthorized: true }) },
  });
  const stop = new AbortController();
  const waits: number[] = [];
  let now = Date.parse("2026-01-01T00:00:00Z");
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms) => {
      waits.push(ms);
      now += ms;
      if (waits.length === 3) stop.abort();
      stop.signal.throwIfAborted();
    },
  };
  const logger = recordingLogger();
  const options = { client, namespace: "ome", nodeName: "n1", holder: "pod-1", clock, random: () => 0.5, logger };
  await renewLease(options, stop.signal);
  assert.deepEqual(waits, [60_000, 60_000, 60_000]);
  const lease = fake.store.get("/apis/coordination.k8s.io/v1/leases", "ome/model-agent.n1");
  assert.deepEqual(lease?.["spec"], {
    holderIdentity: "pod-1",
    leaseDurationSeconds: 180,
    acquireTime: "2026-01-01T00:00:00.000000Z",
    renewTime: "2026-01-01T00:02:00.000000Z",
  });
  assert.equal(fake.requests.filter(({ method }) => method === "POST").length, 1);

  fake.intercept = () => ({ status: 403, body: { reason: "Forbidden", message: "leases is forbidden", code: 403 } });
  await renewLease(options, new AbortController().signal);
  assert.equal(logger.lines.filter(({ level }) => level === "info").length, 1);
  await client.close();
  await fake.close();
});
