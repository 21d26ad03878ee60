import assert from "node:assert/strict";
import { test } from "node:test";
import { StorageError } from "../../src/errors.ts";
import { createLogger, type LoggerOptions } from "../../src/telemetry/create-logger.ts";
import { createRedactor } from "../../src/telemetry/redactor.ts";

function collect(options: Omit<LoggerOptions, "write">): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  return { lines, logger: createLogger({ ...options, write: (text) => lines.push(text) }) };
}

const error = new StorageError({
  code: "permission_denied",
  operation: "list",
  target: "s3://bucket/llama",
  detail: "the service answered 403",
  hint: "Allow s3:ListBucket.",
});

test("json lines carry level, time, fields of the child and the error as data without a stack", () => {
  const { lines, logger } = collect({ level: "info", format: "json" });
  logger.child({ model: "llama" }).warn({ err: error }, "listing failed");
  logger.debug({}, "not shown");
  assert.equal(lines.length, 1);
  const line = JSON.parse(lines[0] ?? "");
  assert.equal(line.level, "warn");
  assert.equal(line.model, "llama");
  assert.equal(line.msg, "listing failed");
  assert.equal(line.err.code, "permission_denied");
  assert.equal(line.err.stack, undefined);
  assert.ok(!Number.isNaN(Date.parse(line.time)));
});

test("level debug adds the stack", () => {
  const { lines, logger } = collect({ level: "debug", format: "json" });
  logger.error({ err: error }, "x");
  assert.match(JSON.parse(lines[0] ?? "").err.stack, /create-logger\.test/);
});

test("pretty lines are one line each and written at once", () => {
  const { lines, logger } = collect({ level: "info", format: "pretty" });
  logger.info({ model: "llama" }, "ready");
  logger.error({ err: error }, "failed");
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /INFO: ready \{"model":"llama"\}\n$/);
  assert.match(lines[1] ?? "", /ERROR: failed .*Allow s3:ListBucket/);
});

test("every line passes the redactor, in both formats", () => {
  for (const format of ["json", "pretty"] as const) {
    const { lines, logger } = collect({ level: "info", format, redactor: createRedactor(["s3cr3t-value"]) });
    logger.info({ url: "https://x.example/y?X-Amz-Signature=abcd", note: "s3cr3t-value" }, "with s3cr3t-value");
    assert.ok(!/s3cr3t|abcd/.test(lines.join("")), lines.join(""));
  }
});
