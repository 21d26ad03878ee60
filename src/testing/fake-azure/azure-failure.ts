import { element, xmlDocument } from "../fake-s3/xml.ts";
import type { WebAnswer } from "../loopback/web-answer.ts";

/** A refusal as Blob Storage words it. */
export class AzureFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string | undefined;

  constructor(status: number, code: string, message: string, detail?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }

  answer(): WebAnswer {
    const details = this.detail === undefined ? [] : [element("AuthenticationErrorDetail", this.detail)];
    return {
      status: this.status,
      headers: {
        "content-type": "application/xml",
        "x-ms-error-code": this.code,
        ...(this.status === 416 ? { "content-range": "bytes */*" } : {}),
      },
      body: xmlDocument(element("Error", [element("Code", this.code), element("Message", this.message), ...details])),
    };
  }
}

export function authenticationFailed(detail: string): AzureFailure {
  const message =
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.";
  return new AzureFailure(403, "AuthenticationFailed", message, detail);
}

export function permissionMismatch(): AzureFailure {
  const message = "This request is not authorized to perform this operation using this permission.";
  return new AzureFailure(403, "AuthorizationPermissionMismatch", message);
}
