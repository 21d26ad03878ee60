import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReadFailure } from "../../../src/transfer/http/read-failure.ts";
import { serviceError } from "../../../src/transfer/http/service-error.ts";

const failure: ReadFailure = { kind: "status", detail: "the server answered 403", httpStatus: 403 };

test("the service's code is found in XML and JSON, and nothing else of the body is kept", () => {
  const xml = serviceError(
    failure,
    "<Error><Code>AccessDenied</Code><SignatureProvided>secret</SignatureProvided></Error>",
  );
  assert.equal(xml.serviceCode, "AccessDenied");
  assert.doesNotMatch(JSON.stringify(xml), /secret/);
  assert.equal(
    serviceError(failure, '{"code":"NotAuthorizedOrNotFound","message":"x"}').serviceCode,
    "NotAuthorizedOrNotFound",
  );
});

test("a body without a code changes nothing", () => {
  assert.equal(serviceError(failure, "<html>no</html>"), failure);
  assert.equal(serviceError(failure, `<Code>${"x".repeat(500)}</Code>`), failure);
});
