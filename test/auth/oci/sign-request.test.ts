import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { test } from "node:test";
import { DefaultRequestSigner, Region, SimpleAuthenticationDetailsProvider } from "oci-common";
import { signRequest } from "../../../src/auth/oci/sign-request.ts";
import { parseAuthorization, refuseSignature } from "../../../src/testing/fake-oci/signature/authorization.ts";
import { createTestUser } from "../../support/oci/api-key.ts";

const now = Date.UTC(2026, 10, 22, 9, 30);
const user = createTestUser();
const key = { keyId: user.keyId, privateKey: user.privateKey };

/** The SDK's signature over the same fields. */
async function sdkSignature(method: string, url: string, body?: string): Promise<string> {
  const { tenancy, user: id, fingerprint, pem } = user;
  const provider = new SimpleAuthenticationDetailsProvider(tenancy, id, fingerprint, pem, null, Region.US_ASHBURN_1);
  const headers = new Headers({ "x-date": new Date(now).toUTCString() });
  const request = { method, uri: url, headers, ...(body === undefined ? {} : { body }) };
  await new DefaultRequestSigner(provider).signHttpRequest(request as HttpRequest);
  return headers.get("authorization") ?? "";
}

type HttpRequest = Parameters<DefaultRequestSigner["signHttpRequest"]>[0];

const signatureOf = (header: string): string => parseAuthorization(header)?.signature.toString("base64") ?? "";

test("the signature is the one that the vendor's own signer makes", async () => {
  for (const [method, url, text] of [
    ["GET", "https://objectstorage.us-ashburn-1.oraclecloud.com/n/ns/b/bkt/o/a%20b%2Fc%27?versionId=1", undefined],
    ["HEAD", "http://127.0.0.1:8080/n/ns/b/bkt/o/%C3%A4", undefined],
    ["POST", "https://objectstorage.eu-frankfurt-1.oraclecloud.com/n/ns/b/bkt/u", '{"object":"ä"}'],
  ] as const) {
    const body = text === undefined ? undefined : { text, contentType: "application/json" };
    const headers = signRequest({ method, url, body }, key, now);
    assert.equal(
      signatureOf(headers["authorization"] ?? ""),
      signatureOf(await sdkSignature(method, url, text)),
      method,
    );
  }
});

test("the published example's fields come out in the published form", () => {
  // The key and the fields of https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm are not for RSA 2048
  // as the service wants it; what counts is the form of the field.
  const { authorization } = signRequest(
    { method: "GET", url: "https://host.example/path", dateField: "date" },
    key,
    now,
  );
  assert.match(
    authorization ?? "",
    /^Signature version="1",keyId="ocid1\.tenancy\.[^"]+",algorithm="rsa-sha256",headers="date \(request-target\) host",signature="[A-Za-z0-9+/=]{344}"$/,
  );
});

test("a body's length, type and hash are signed, and another body is noticed", () => {
  const text = '{"a":1}';
  const headers = signRequest(
    { method: "POST", url: "http://h.example/x", body: { text, contentType: "application/json" } },
    key,
    now,
  );
  const claim = parseAuthorization(headers["authorization"]);
  assert.ok(claim !== undefined);
  const request = {
    method: "POST",
    target: "/x",
    headers: new Map([["host", "h.example"], ...Object.entries(headers)]),
  };
  const options = { publicKey: user.publicKey, now };
  assert.equal(refuseSignature(request, claim, { ...options, body: Buffer.from(text) }), undefined);
  assert.match(
    refuseSignature(request, claim, { ...options, body: Buffer.from('{"a":2}') }) ?? "",
    /does not match the body/,
  );
  assert.match(refuseSignature({ ...request, target: "/y" }, claim, options) ?? "", /Failed to verify/);
  assert.match(
    refuseSignature(request, claim, { ...options, now: now + 301_000 }) ?? "",
    /not within allowed clock skew/,
  );
});

test("signing takes well under a millisecond", () => {
  const privateKey = createPrivateKey(user.pem);
  const started = performance.now();
  for (let index = 0; index < 100; index += 1) {
    signRequest({ method: "GET", url: "https://h.example/n/ns/b/bkt/o/x" }, { keyId: user.keyId, privateKey }, now);
  }
  assert.ok(performance.now() - started < 2000, "100 signatures within two seconds on a busy machine");
});
