import type { StorageError } from "../../errors.ts";
import type { MetadataAnswer } from "../metadata-service.ts";
import { missingIdentity } from "../missing-identity.ts";

/** What a login was doing, for its errors. */
export interface GcpAuthFields {
  /** Verb phrase: `get an access token`. */
  readonly operation: string;
  /** The identity asked for: an e-mail address, `metadata server`. */
  readonly asked: string;
}

/** An identity that is not to be had. */
export const unauthenticated = missingIdentity("gcp");

/** What an OAuth service answers to who gets no token (RFC 6749, 5.2), or an API that speaks of `status` and `message`. */
interface Refusal {
  readonly code: string | undefined;
  readonly description: string;
}

function readRefusal(body: string): Refusal {
  try {
    const { error, error_description: description } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    if (typeof error === "object" && error !== null) {
      const { status, message } = error as Readonly<Record<string, unknown>>;
      return { code: word(status), description: text(message) };
    }
    return { code: word(error), description: text(description) };
  } catch {
    return { code: undefined, description: "" };
  }
}

/** What a refused login means. The description decides the hint and is not repeated: it may quote the assertion. */
export function refusal(
  answer: MetadataAnswer,
  fields: GcpAuthFields & { readonly service: string; readonly hint: string },
): StorageError {
  const { service, hint, ...rest } = fields;
  const { code, description } = readRefusal(answer.body);
  const words = `${code ?? ""} ${description}`;
  const known = meanings.find(({ test }) => test.test(words));
  return unauthenticated({
    ...rest,
    httpStatus: answer.status,
    serviceCode: code,
    detail: known?.detail ?? `${service} refuses (${answer.status}${code === undefined ? "" : `, ${code}`})`,
    hint: known?.hint ?? hint,
  });
}

const meanings: readonly { readonly test: RegExp; readonly detail: string; readonly hint: string }[] = [
  {
    test: /short-lived token|reasonable timeframe|Check your iat and exp|token is (?:not yet|used too early)/i,
    detail: "the assertion's time is not that of Google: this machine's clock is wrong",
    hint: "Correct the clock (NTP) and run it again.",
  },
  {
    test: /invalid_grant.*(?:account not found|invalid_gaia|Not a valid email)/i,
    detail: "the service account of the key does not exist any more",
    hint: "Make a key of an existing service account.",
  },
  {
    test: /invalid_grant.*(?:invalid JWT signature|signature)/i,
    detail: "Google does not know the key: it was deleted or disabled",
    hint: "Make a new key of the service account, and put it into the Secret.",
  },
  {
    test: /invalid_rapt|reauth/i,
    detail: "the login has to be confirmed again",
    hint: "Run gcloud auth application-default login.",
  },
  {
    test: /invalid_grant.*(?:expired|revoked)/i,
    detail: "the login has expired or was revoked",
    hint: "Run gcloud auth application-default login, or renew the identity provider's token.",
  },
  {
    test: /unauthorized_client/i,
    detail: "the client may not get tokens in this way",
    hint: "Check that the service account is enabled and that the credential file is complete.",
  },
];

function word(value: unknown): string | undefined {
  return typeof value === "string" && /^\w{1,64}$/.test(value) ? value : undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
