import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelEvents } from "../../../src/agent/cluster/model-events.ts";
import { modelStatus } from "../../support/agent-status.ts";

function events() {
  const notes: string[] = [];
  const made = new ModelEvents({
    recorder: {
      record: async ({ metadata }, { type, reason, message }) => {
        notes.push(`${metadata.name} ${type} ${reason}: ${message}`);
      },
    },
    find: (key) => (key.endsWith("/gone") ? undefined : { metadata: { name: key.slice(key.indexOf("/") + 1) } }),
    nodeName: "n1",
  });
  return { made, notes };
}

const updating = { state: "Updating", onTrust: false } as const;
const ready = { state: "Ready", onTrust: false } as const;
const failed = { state: "Failed", onTrust: false } as const;

test("a download has a beginning and an end; a model that was Ready all along has neither", async () => {
  const { made, notes } = events();
  made.note(modelStatus("old"), ready);
  for (const reason of ["Queued", "Resolving", "Downloading", "Downloading", "Verifying"]) {
    made.note(modelStatus("new", { state: "Updating", reason }), updating);
  }
  made.note(modelStatus("new"), ready);
  made.note(modelStatus("new"), ready);
  made.note(modelStatus("gone"), failed);
  await made.drained();
  assert.deepEqual(
    notes.map((note) => note.slice(0, note.indexOf(":"))),
    ["new Normal DownloadStarted", "new Normal DownloadCompleted"],
  );
  assert.match(notes[0] ?? "", /Node n1: downloading s3:\/\/bucket\/new/);
});

test("a failure is told once for each reason, and again after a success", async () => {
  const { made, notes } = events();
  const fail = (reason: string) => made.note(modelStatus("m", { state: "Failed", reason, message: "why" }), failed);
  fail("NotFound");
  made.note(modelStatus("m", { state: "Updating", reason: "Resolving" }), failed);
  fail("NotFound");
  fail("AccessDenied");
  made.note(modelStatus("m"), ready);
  fail("AccessDenied");
  made.forget("clusterbasemodel/m");
  fail("AccessDenied");
  await made.drained();
  assert.deepEqual(
    notes.map((note) => note.split(" ")[2]),
    ["NotFound:", "AccessDenied:", "DownloadCompleted:", "AccessDenied:", "AccessDenied:"],
  );
});
