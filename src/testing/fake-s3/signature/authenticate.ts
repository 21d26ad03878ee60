import { timingSafeEqual } from "node:crypto";
import type { FakeS3Credential } from "../fake-s3-options.ts";
import { accessDenied, invalidRequest, S3Failure } from "../s3-failure.ts";
import type { S3Request } from "../s3-request.ts";
import {
  type CredentialScope,
  canonicalRequest,
  hmac,
  parseDateTime,
  parseScope,
  signatureAlgorithm,
  signingKey,
  stringToSign,
} from "./canonical-request.ts";
import { type PresignedClaim, readPresignedClaim } from "./presigned-claim.ts";

/** Who sent a request, and how its body is vouched for. */
export type Identity = AnonymousIdentity | SignedIdentity;

export interface AnonymousIdentity {
  readonly kind: "anonymous";
}

export interface SignedIdentity {
  readonly kind: "signed";
  readonly accessKeyId: string;
  /** `x-amz-content-sha256`: a hash, `UNSIGNED-PAYLOAD` or a `STREAMING-…` form. */
  readonly payload: string;
  readonly signingKey: Buffer;
  readonly scope: CredentialScope;
  readonly dateTime: string;
  /** Hexadecimal; the first link of the chain of chunk signatures. */
  readonly signature: string;
}

export interface AuthenticationContext {
  credential(accessKeyId: string): FakeS3Credential | undefined;
  /** The region that the scope has to name; undefined when any will do. */
  readonly region: string | undefined;
  /** A second region whose signatures are checked as well, because the request is then redirected. */
  readonly redirectingRegion: string | undefined;
  readonly now: number;
}

interface Claim {
  readonly scope: CredentialScope;
  readonly dateTime: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  readonly payload: string;
  readonly query: S3Request["query"];
}

const maxSkew = 15 * 60_000;

/** Checks the signature as S3 does, or throws the failure that S3 would answer. */
export function authenticate(request: S3Request, context: AuthenticationContext): Identity {
  const claim = readClaim(request, context);
  if (claim === undefined) return { kind: "anonymous" };
  const credential = context.credential(claim.scope.accessKeyId);
  if (credential === undefined) {
    throw new S3Failure(
      403,
      "InvalidAccessKeyId",
      "The AWS Access Key Id you provided does not exist in our records.",
      { fields: { AWSAccessKeyId: claim.scope.accessKeyId } },
    );
  }
  checkToken(claim.sessionToken, credential, context.now);
  return { ...checkSignature(request, claim, credential), kind: "signed" };
}

function readClaim(request: S3Request, context: AuthenticationContext): Claim | undefined {
  const presigned = request.parameters.has("X-Amz-Algorithm") || request.parameters.has("X-Amz-Signature");
  const header = request.headers.get("authorization");
  if (presigned) {
    if (header !== undefined) throw invalidRequest("Only one auth mechanism allowed");
    const claim = readPresignedClaim(request, context.now);
    checkRegion(claim.scope, context, "presigned");
    return claim satisfies PresignedClaim;
  }
  if (header === undefined) return undefined;
  return readHeaderClaim(request, header, context);
}

function readHeaderClaim(request: S3Request, header: string, context: AuthenticationContext): Claim {
  const malformed = (detail: string): S3Failure =>
    new S3Failure(400, "AuthorizationHeaderMalformed", `The authorization header is malformed; ${detail}`);
  if (!header.startsWith(`${signatureAlgorithm} `)) {
    throw invalidRequest(
      `The authorization mechanism you have provided is not supported. Please use ${signatureAlgorithm}.`,
    );
  }
  const parts = new Map(
    header
      .slice(signatureAlgorithm.length)
      .split(",")
      .map((part) => part.trim().split("=", 2) as [string, string]),
  );
  const credential = parts.get("Credential");
  const signedHeaders = parts.get("SignedHeaders");
  const signature = parts.get("Signature");
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw malformed("the authorization header requires three components: Credential, SignedHeaders, and Signature.");
  }
  const scope = parseScope(credential);
  if (scope === undefined) throw malformed("the Credential is mal-formed.");
  if (scope.service !== "s3") throw malformed(`incorrect service "${scope.service}". This endpoint belongs to "s3".`);
  checkRegion(scope, context, "header");
  const dateTime = request.headers.get("x-amz-date");
  const time = parseDateTime(dateTime);
  if (dateTime === undefined || time === undefined) {
    throw accessDenied("AWS authentication requires a valid Date or x-amz-date header");
  }
  if (!dateTime.startsWith(scope.date)) throw malformed(`Invalid credential date "${scope.date}".`);
  checkSkew(dateTime, time, context.now);
  const payload = request.headers.get("x-amz-content-sha256");
  if (payload === undefined) throw invalidRequest("Missing required header for this request: x-amz-content-sha256");
  return {
    scope,
    dateTime,
    signedHeaders: signedHeaders.split(";"),
    signature,
    sessionToken: request.headers.get("x-amz-security-token"),
    payload,
    query: request.query,
  };
}

function checkSkew(dateTime: string, time: number, now: number): void {
  if (Math.abs(now - time) <= maxSkew) return;
  throw new S3Failure(
    403,
    "RequestTimeTooSkewed",
    "The difference between the request time and the current time is too large.",
    {
      fields: {
        RequestTime: dateTime,
        ServerTime: new Date(now).toISOString().replace(/\.\d+/, ""),
        MaxAllowedSkewMilliseconds: String(maxSkew),
      },
    },
  );
}

function checkRegion(scope: CredentialScope, context: AuthenticationContext, form: "header" | "presigned"): void {
  const { region } = context;
  if (region === undefined || scope.region === region || scope.region === context.redirectingRegion) return;
  const detail = `the region '${scope.region}' is wrong; expecting '${region}'`;
  throw form === "header"
    ? new S3Failure(400, "AuthorizationHeaderMalformed", `The authorization header is malformed; ${detail}`, {
        fields: { Region: region },
        headers: { "x-amz-bucket-region": region },
      })
    : new S3Failure(
        400,
        "AuthorizationQueryParametersError",
        `Error parsing the X-Amz-Credential parameter; ${detail}`,
        { fields: { Region: region }, headers: { "x-amz-bucket-region": region } },
      );
}

function checkToken(token: string | undefined, credential: FakeS3Credential, now: number): void {
  if (credential.sessionToken === undefined && token === undefined) return;
  if (token !== credential.sessionToken) {
    // Temporary keys without their token are unknown to S3: the key id alone names nobody.
    if (token === undefined) {
      throw new S3Failure(
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        { fields: { AWSAccessKeyId: credential.accessKeyId } },
      );
    }
    throw new S3Failure(400, "InvalidToken", "The provided token is malformed or otherwise invalid.", {
      fields: { "Token-0": token },
    });
  }
  if (credential.expiresAt !== undefined && credential.expiresAt <= now) {
    throw new S3Failure(400, "ExpiredToken", "The provided token has expired.", {
      fields: { "Token-0": token ?? "" },
    });
  }
}

function checkSignature(request: S3Request, claim: Claim, credential: FakeS3Credential): Omit<SignedIdentity, "kind"> {
  const unsigned = [...request.headers.keys()].filter(
    (name) => (name.startsWith("x-amz-") || name === "host") && !claim.signedHeaders.includes(name),
  );
  if (unsigned.length > 0) {
    throw accessDenied("There were headers present in the request which were not signed", {
      HeadersNotSigned: unsigned.join(", "),
    });
  }
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: claim.query,
    headers: request.headers,
    signedHeaders: claim.signedHeaders,
    payloadHash: claim.payload,
  });
  const toSign = stringToSign(claim.dateTime, claim.scope, canonical);
  const key = signingKey(credential.secretAccessKey, claim.scope);
  const expected = hmac(key, toSign);
  const given = Buffer.from(claim.signature, "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new S3Failure(
      403,
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
      {
        fields: {
          AWSAccessKeyId: credential.accessKeyId,
          StringToSign: toSign,
          SignatureProvided: claim.signature,
          CanonicalRequest: canonical,
        },
      },
    );
  }
  return {
    accessKeyId: credential.accessKeyId,
    payload: claim.payload,
    signingKey: key,
    scope: claim.scope,
    dateTime: claim.dateTime,
    signature: claim.signature,
  };
}
