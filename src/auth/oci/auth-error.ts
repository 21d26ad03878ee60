import type { StorageError } from "../../errors.ts";
import type { MetadataAnswer } from "../metadata-service.ts";
import { missingIdentity } from "../missing-identity.ts";
import { clockSkew } from "./clock-skew.ts";

export interface OciAuthFields {
  /** Verb phrase: `get a session token`. */
  readonly operation: string;
  /** The identity asked for: `the instance's principal`, `profile DEFAULT`. */
  readonly asked: string;
}

/** An identity that is not to be had. */
export const unauthenticated = missingIdentity("oci");

/** What a refusal of a login service means: a wrong clock, else what the caller has to say about it. */
export function refusal(
  answer: MetadataAnswer,
  fields: OciAuthFields & { readonly service: string; readonly hint: string; readonly now: number },
): StorageError {
  const { service, now, hint, ...rest } = fields;
  const skew = clockSkew(answer.body, now);
  if (skew !== undefined) return unauthenticated({ ...rest, ...skew, httpStatus: answer.status });
  const serviceCode = serviceCodeOf(answer.body);
  return unauthenticated({
    ...rest,
    httpStatus: answer.status,
    serviceCode,
    detail: `${service} refuses (${answer.status}${serviceCode === undefined ? "" : `, ${serviceCode}`})`,
    hint,
  });
}

/** The service's own code, when it is a plain word: bodies are not repeated. */
function serviceCodeOf(body: string): string | undefined {
  return /"code"\s*:\s*"(\w{1,64})"/.exec(body)?.[1];
}
