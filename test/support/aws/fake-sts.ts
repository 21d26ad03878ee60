import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { secretMark } from "../secret-watch.ts";
import { startHttp } from "../web-server.ts";
import { type KnownKeys, readSignatureClaim, signatureHolds } from "./signature-check.ts";

export interface FakePrincipal extends KnownKeys {
  readonly arn: string;
  /** Epoch milliseconds of the fake's clock. */
  readonly expiration?: number;
}

export interface FakeRole {
  readonly arn: string;
  /** ARNs that may assume it. */
  readonly trusts?: readonly string[];
  readonly externalId?: string;
  /** File whose current content is the only web identity token that the role accepts. */
  readonly tokenFile?: string;
}

export interface FakeSts {
  readonly endpoint: string;
  /** Answered actions with their form fields, secrets left out. */
  readonly calls: { readonly action: string; readonly fields: Readonly<Record<string, string>> }[];
  /** Keys given out, in order. */
  readonly issued: FakePrincipal[];
  addPrincipal(principal: FakePrincipal): void;
  /** The next answers fail with this, one each. */
  readonly failures: { readonly status: number; readonly code: string; readonly message: string }[];
  /** How far the service's clock is ahead of this machine's, milliseconds. */
  skewMs: number;
}

class StsFailure extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface FakeStsOptions {
  readonly clock: Clock;
  readonly roles?: readonly FakeRole[];
  readonly principals?: readonly FakePrincipal[];
  /** Principals made elsewhere, such as by a metadata service. */
  readonly lookup?: (accessKeyId: string) => FakePrincipal | undefined;
  /** Lifetime of keys in seconds unless the caller asks for another. */
  readonly lifetimeSeconds?: number;
}

/** A Security Token Service that checks what the real one checks: signature, session token, expiry, trust, external id. */
export async function startSts(t: TestContext, options: FakeStsOptions): Promise<FakeSts> {
  const { clock, roles = [] } = options;
  const principals = new Map((options.principals ?? []).map((principal) => [principal.accessKeyId, principal]));
  const fake: FakeSts = {
    endpoint: "",
    calls: [],
    issued: [],
    failures: [],
    skewMs: 0,
    addPrincipal: (principal) => principals.set(principal.accessKeyId, principal),
  };

  async function caller(incoming: IncomingMessage, body: Buffer): Promise<FakePrincipal> {
    const claim = readSignatureClaim(incoming);
    if (claim === undefined)
      throw new StsFailure(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
    const principal = principals.get(claim.accessKeyId) ?? options.lookup?.(claim.accessKeyId);
    const token = incoming.headers["x-amz-security-token"];
    if (principal === undefined || token !== principal.sessionToken || claim.service !== "sts") {
      throw new StsFailure(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    }
    const ageMs = Date.now() + fake.skewMs - claim.signingDate.getTime();
    if (Math.abs(ageMs) > 5 * 60_000) {
      throw new StsFailure(
        403,
        "SignatureDoesNotMatch",
        "Signature expired: it is now earlier than the request (5 min.)",
      );
    }
    if (!(await signatureHolds(incoming, body, claim, principal))) {
      throw new StsFailure(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
      );
    }
    if (principal.expiration !== undefined && principal.expiration <= clock.now()) {
      throw new StsFailure(403, "ExpiredToken", "The security token included in the request is expired");
    }
    return principal;
  }

  function issue(role: FakeRole, fields: Readonly<Record<string, string>>): FakePrincipal {
    const seconds = Number(fields["DurationSeconds"] ?? options.lifetimeSeconds ?? 3600);
    const name = role.arn.split("/").at(-1);
    const account = role.arn.split(":")[4];
    const principal: FakePrincipal = {
      accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
      secretAccessKey: `${secretMark}/key/${randomBytes(10).toString("hex")}`,
      sessionToken: `${secretMark}/token/${randomBytes(40).toString("base64")}`,
      arn: `arn:aws:sts::${account}:assumed-role/${name}/${fields["RoleSessionName"]}`,
      expiration: clock.now() + seconds * 1000,
    };
    principals.set(principal.accessKeyId, principal);
    fake.issued.push(principal);
    return principal;
  }

  async function act(incoming: IncomingMessage, body: Buffer): Promise<string> {
    const fields = Object.fromEntries(new URLSearchParams(body.toString()));
    const { Action: action = "", WebIdentityToken: presented, ExternalId: externalId, ...shown } = fields;
    fake.calls.push({ action, fields: { ...shown, ...(externalId === undefined ? {} : { ExternalId: externalId }) } });
    const planned = fake.failures.shift();
    if (planned !== undefined) throw new StsFailure(planned.status, planned.code, planned.message);
    const role = roles.find(({ arn }) => arn === fields["RoleArn"]);
    if (action === "AssumeRoleWithWebIdentity") {
      if ((presented ?? "").length < 4) {
        throw new StsFailure(
          400,
          "ValidationError",
          `1 validation error detected: Value '${presented}' at 'webIdentityToken' failed to satisfy constraint`,
        );
      }
      if (presented?.includes("malformed")) {
        throw new StsFailure(400, "InvalidIdentityToken", `The ID Token provided is not a valid JWT: ${presented}`);
      }
      if (presented?.includes("expired")) {
        throw new StsFailure(
          400,
          "ExpiredTokenException",
          "Token expired: current date/time must be before the expiration date/time",
        );
      }
      if (role?.tokenFile === undefined || presented !== readFileSync(role.tokenFile, "utf8").trim()) {
        throw new StsFailure(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
      }
      return credentialsXml(action, issue(role, fields));
    }
    const who = await caller(incoming, body);
    if (action === "GetCallerIdentity") {
      return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${who.arn}</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
    }
    const trusted =
      role?.trusts?.includes(who.arn) === true && (role.externalId === undefined || role.externalId === externalId);
    if (action !== "AssumeRole" || role === undefined || !trusted) {
      throw new StsFailure(
        403,
        "AccessDenied",
        `User: ${who.arn} is not authorized to perform: sts:AssumeRole on resource: ${fields["RoleArn"]}`,
      );
    }
    return credentialsXml(action, issue(role, fields));
  }

  const server = await startHttp(t, (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk) => chunks.push(chunk));
    incoming.on("end", async () => {
      outgoing.setHeader("content-type", "text/xml").setHeader("x-amzn-requestid", "request-1");
      outgoing.setHeader("date", new Date(Date.now() + fake.skewMs).toUTCString());
      try {
        outgoing.end(await act(incoming, Buffer.concat(chunks)));
      } catch (error) {
        const { status, code, message } =
          error instanceof StsFailure ? error : new StsFailure(500, "InternalFailure", String(error));
        outgoing.statusCode = status;
        outgoing.end(
          `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>request-1</RequestId></ErrorResponse>`,
        );
      }
    });
  });
  return Object.assign(fake, { endpoint: server.origin });
}

function credentialsXml(action: string, keys: FakePrincipal): string {
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials><AccessKeyId>${keys.accessKeyId}</AccessKeyId><SecretAccessKey>${keys.secretAccessKey}</SecretAccessKey><SessionToken>${keys.sessionToken}</SessionToken><Expiration>${new Date(keys.expiration ?? 0).toISOString()}</Expiration></Credentials><AssumedRoleUser><Arn>${keys.arn}</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser></${action}Result></${action}Response>`;
}
