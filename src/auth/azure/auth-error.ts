import { type ErrorCode, type RetryAdvice, StorageError } from "../../errors.ts";
import { missingIdentity } from "../missing-identity.ts";

interface Explanation {
  readonly code?: ErrorCode;
  readonly retry?: RetryAdvice;
  readonly detail: string;
  readonly hint: string;
}

const federation: Explanation = {
  detail: "the application trusts no such service account",
  hint: "Its federated credential must name this cluster's OIDC issuer, subject system:serviceaccount:{namespace}:{name} and audience api://AzureADTokenExchange.",
};
const clock: Explanation = {
  detail: "the assertion is not valid at this time",
  hint: "Correct this machine's clock (NTP), and check that the token file is still rotated.",
};
const overloaded: Explanation = {
  code: "unavailable",
  retry: "temporary",
  detail: "Microsoft Entra is overloaded",
  hint: "It is tried again later.",
};

/** Error numbers of Microsoft Entra (https://learn.microsoft.com/entra/identity-platform/reference-error-codes). */
const explanations: Readonly<Record<number, Explanation>> = {
  7000215: {
    detail: "the client secret is wrong",
    hint: "Give the secret's value, not its id, and check it for missing characters.",
  },
  7000222: { detail: "the client secret has expired", hint: "Make a new secret for the application." },
  700016: {
    detail: "the tenant has no such application",
    hint: "Check clientId and tenantId; they belong to one application registration.",
  },
  90002: { detail: "there is no such tenant", hint: "Check tenantId, and the cloud (AZURE_AUTHORITY_HOST)." },
  700027: {
    detail: "the certificate is not one of the application's",
    hint: "Upload it to the application (Certificates & secrets), or give the private key that belongs to the uploaded one.",
  },
  70021: federation,
  700211: federation,
  700212: federation,
  700213: federation,
  700024: clock,
  90033: overloaded,
  50196: overloaded,
  70016: {
    retry: "temporary",
    detail: "nobody has entered the code yet",
    hint: "Open the address and enter the code.",
  },
};

/** What was refused, as far as it may be shown. */
export interface EntraRefusal {
  readonly status: number;
  /** Body of the answer; only its codes are shown. */
  readonly body: string;
}

/** Turns a refusal of Microsoft Entra into an error that says what to check. Its text is not repeated: it can hold assertions. */
export function entraError({ status, body }: EntraRefusal, operation: string, asked: string): StorageError {
  const { number, error } = readCodes(body);
  const known = number === undefined ? undefined : explanations[number];
  const temporary = status >= 500 || status === 429;
  const serviceCode = number === undefined ? error : `AADSTS${number}`;
  return new StorageError({
    code: known?.code ?? (temporary ? (status === 429 ? "rate_limited" : "unavailable") : "unauthenticated"),
    retry: known?.retry ?? (temporary ? "temporary" : "permanent"),
    operation,
    provider: "azure",
    target: asked,
    httpStatus: status,
    serviceCode,
    detail: known?.detail ?? `Microsoft Entra refuses the login (${serviceCode ?? status})`,
    hint:
      known?.hint ??
      (temporary ? "It is tried again later." : "Look the code up at https://login.microsoftonline.com/error."),
  });
}

/** An identity that is not to be had, for reasons found on this machine. */
export const unauthenticated = missingIdentity("azure");

function readCodes(body: string): { readonly number: number | undefined; readonly error: string | undefined } {
  try {
    const document = JSON.parse(body) as Readonly<Record<string, unknown>>;
    const codes: unknown = document["error_codes"];
    const description = String(document["error_description"] ?? "");
    const listed: unknown = Array.isArray(codes) ? codes[0] : /AADSTS(\d{4,8})/.exec(description)?.[1];
    const number = Number(listed);
    const error = document["error"];
    return {
      number: listed !== undefined && Number.isInteger(number) ? number : undefined,
      error: typeof error === "string" && /^[\w-]{1,60}$/.test(error) ? error : undefined,
    };
  } catch {
    return { number: undefined, error: undefined };
  }
}
