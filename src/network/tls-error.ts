import type { TLSSocket } from "node:tls";
import { StorageError, type StorageErrorFields } from "../errors.ts";

/** Verification results of Node and OpenSSL that mean: this peer's certificate cannot be trusted. */
const trustFaults: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate comes from an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT: "its certificate comes from an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate comes from an unknown authority",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate chain ends in an unknown, self-signed authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed",
  CERT_UNTRUSTED: "its certificate comes from an authority that is not trusted",
  CERT_REJECTED: "its certificate is rejected",
  CERT_REVOKED: "its certificate is revoked",
  INVALID_CA: "its certificate was issued by something that is no authority",
  INVALID_PURPOSE: "its certificate is not meant for servers",
  PATH_LENGTH_EXCEEDED: "its certificate chain is longer than its authority allows",
  CERT_CHAIN_TOO_LONG: "its certificate chain is too long",
  CERT_SIGNATURE_FAILURE: "the signature of its certificate is wrong",
};

const caHint =
  "If this authority is meant to be trusted (a company proxy, a private endpoint), put its PEM file into AWS_CA_BUNDLE, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS.";

/** What an error of a TLS connection may carry beside Node's own fields; see {@link noteIssuer}. */
interface TlsFault extends Error {
  readonly code?: unknown;
  readonly issuer?: string;
  readonly cert?: { readonly subject?: { readonly CN?: string | string[] }; readonly subjectaltname?: string };
}

/**
 * Makes the errors of a TLS socket name who issued the peer's certificate. Node drops the certificate when verification
 * fails, so it is looked at when the handshake ends, before Node decides. Call it right after `tls.connect`.
 */
export function noteIssuer(socket: TLSSocket): void {
  let issuer: string | undefined;
  socket.prependOnceListener("secure" as "secureConnect", () => {
    const names = socket.getPeerCertificate().issuer as { readonly CN?: string; readonly O?: string } | undefined;
    issuer = names?.CN ?? names?.O;
  });
  socket.prependOnceListener("error", (error) => {
    if (issuer !== undefined) Object.assign(error, { issuer });
  });
}

/**
 * A refused certificate or a failed handshake as a {@link StorageError}; undefined when the error is none of these.
 * Permanent: trying again meets the same certificate.
 */
export function tlsError(
  error: Error,
  context: Pick<StorageErrorFields, "operation" | "target" | "provider"> & { readonly host: string },
): StorageError | undefined {
  const fault = error as TlsFault;
  const explanation = explain(fault, context.host);
  if (explanation === undefined) return undefined;
  const issuer = fault.issuer === undefined ? "" : ` (issued by "${fault.issuer}")`;
  return new StorageError({
    code: "connection",
    retry: "permanent",
    operation: context.operation,
    target: context.target,
    provider: context.provider,
    serviceCode: String(fault.code),
    detail: `no trusted connection to ${context.host}: ${explanation.detail}${issuer}`,
    hint: explanation.hint,
    cause: error,
  });
}

function explain(fault: TlsFault, host: string): { detail: string; hint: string } | undefined {
  const code = typeof fault.code === "string" ? fault.code : "";
  const trust = trustFaults[code];
  if (trust !== undefined) return { detail: trust, hint: caHint };
  if (code === "CERT_HAS_EXPIRED") {
    return {
      detail: "its certificate has expired",
      hint: "Have the certificate renewed; if it is valid, correct this machine's clock.",
    };
  }
  if (code === "CERT_NOT_YET_VALID") {
    return {
      detail: "its certificate is not valid yet",
      hint: "Correct this machine's clock, or wait until the certificate is valid.",
    };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH") {
    const names = fault.cert?.subjectaltname?.replaceAll("DNS:", "") ?? fault.cert?.subject?.CN;
    return {
      detail: `its certificate is for ${names === undefined ? "another name" : String(names)}`,
      hint: `Use a name that the certificate holds as endpoint (for buckets with dots: path-style addressing), or check where ${host} leads.`,
    };
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) {
    return {
      detail: `the TLS handshake failed (${code})`,
      hint: "Check that the endpoint speaks TLS on this port: https:// and http:// are easily mixed up.",
    };
  }
  return undefined;
}
