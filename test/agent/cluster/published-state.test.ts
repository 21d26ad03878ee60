import assert from "node:assert/strict";
import { test } from "node:test";
import { type PublishedState, stateToPublish } from "../../../src/agent/cluster/published-state.ts";
import type { ModelStatus } from "../../../src/agent/status/model-status.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import { modelStatus } from "../../support/agent-status.ts";

const updating = (reason: string): ModelStatus => modelStatus("m", { state: "Updating", reason });
const failed = (code: ErrorCode): ModelStatus =>
  modelStatus("m", { state: "Failed", reason: "x", error: { code, failures: 1, retryAt: 0 } });
const trusted: PublishedState = { state: "Ready", onTrust: true };

/** The states that are told, one status after the other. */
function told(former: PublishedState | undefined, ...statuses: readonly ModelStatus[]): readonly string[] {
  let state = former;
  return statuses.map((status) => {
    state = stateToPublish(state, status);
    return state.state;
  });
}

test("a model without a past is told as it is", () => {
  assert.deepEqual(told(undefined, updating("Queued"), updating("Downloading"), modelStatus("m")), [
    ...["Updating", "Updating", "Ready"],
  ]);
});

test("a former agent's Ready holds while its files are verified, and not a moment longer", () => {
  const adopting = [updating("Adopting"), updating("Resolving"), updating("Verifying"), modelStatus("m")];
  assert.deepEqual(told(trusted, ...adopting), ["Ready", "Ready", "Ready", "Ready"]);
  assert.deepEqual(told(trusted, updating("Queued"), updating("Resolving")), ["Updating", "Updating"]);
  assert.deepEqual(told(trusted, updating("Adopting"), updating("Downloading"), updating("Verifying")), [
    ...["Ready", "Updating", "Updating"],
  ]);
  assert.deepEqual(told(trusted, updating("Repairing")), ["Updating"]);
});

test("what says nothing of the files does not end trust; what does, ends it", () => {
  assert.deepEqual(told(trusted, updating("Adopting"), failed("unavailable"), updating("Resolving")), [
    ...["Ready", "Ready", "Ready"],
  ]);
  for (const code of ["checksum_mismatch", "permission_denied", "not_found", "incomplete_model"] as const) {
    assert.deepEqual(told(trusted, updating("Adopting"), failed(code)), ["Ready", "Failed"], code);
  }
});

test("our own Ready is not held when the wish changes", () => {
  assert.deepEqual(told(undefined, modelStatus("m"), updating("Adopting")), ["Ready", "Updating"]);
});

test("a model that is only tried again stays Failed; one that downloads does not", () => {
  assert.deepEqual(told(undefined, failed("not_found"), updating("Resolving"), failed("not_found")), [
    ...["Failed", "Failed", "Failed"],
  ]);
  assert.deepEqual(told(undefined, failed("not_found"), updating("Resolving"), updating("Downloading")), [
    ...["Failed", "Failed", "Updating"],
  ]);
  assert.deepEqual(told(undefined, failed("not_found"), updating("Queued")), ["Failed", "Updating"]);
});
