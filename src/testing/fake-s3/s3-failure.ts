import { element, xmlDocument } from "./xml.ts";

/** An error answer of the service: status, code and what else stands in the XML body. Thrown inside the fake only. */
export class S3Failure extends Error {
  readonly status: number;
  readonly code: string;
  /** Further elements of the error document, in order. */
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    extra: {
      readonly fields?: Readonly<Record<string, string>> | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = extra.fields ?? {};
    this.headers = extra.headers ?? {};
  }

  /** The error document as S3 writes it. */
  body(requestId: string, hostId: string): string {
    const fields = Object.entries(this.fields).map(([name, value]) => element(name, value));
    return xmlDocument(
      element("Error", [
        element("Code", this.code),
        element("Message", this.message),
        ...fields,
        element("RequestId", requestId),
        element("HostId", hostId),
      ]),
    );
  }
}

export const noSuchBucket = (bucket: string): S3Failure =>
  new S3Failure(404, "NoSuchBucket", "The specified bucket does not exist", { fields: { BucketName: bucket } });

export const noSuchKey = (key: string, headers: Readonly<Record<string, string>> = {}): S3Failure =>
  new S3Failure(404, "NoSuchKey", "The specified key does not exist.", { fields: { Key: key }, headers });

export const noSuchVersion = (key: string, versionId: string): S3Failure =>
  new S3Failure(404, "NoSuchVersion", "The specified version does not exist.", {
    fields: { Key: key, VersionId: versionId },
  });

export const noSuchUpload = (uploadId: string): S3Failure =>
  new S3Failure(
    404,
    "NoSuchUpload",
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    { fields: { UploadId: uploadId } },
  );

export const accessDenied = (message = "Access Denied", fields: Readonly<Record<string, string>> = {}): S3Failure =>
  new S3Failure(403, "AccessDenied", message, { fields });

export const invalidArgument = (message: string, name: string, value: string): S3Failure =>
  new S3Failure(400, "InvalidArgument", message, { fields: { ArgumentName: name, ArgumentValue: value } });

export const invalidRequest = (message: string): S3Failure => new S3Failure(400, "InvalidRequest", message);

export const malformedXml = (): S3Failure =>
  new S3Failure(
    400,
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );

export const preconditionFailed = (condition: string): S3Failure =>
  new S3Failure(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    fields: { Condition: condition },
  });

export const badDigest = (message: string): S3Failure => new S3Failure(400, "BadDigest", message);

export const notImplemented = (header: string): S3Failure =>
  new S3Failure(501, "NotImplemented", "A header you provided implies functionality that is not implemented", {
    fields: { Header: header },
  });

export const methodNotAllowed = (method: string, headers: Readonly<Record<string, string>> = {}): S3Failure =>
  new S3Failure(405, "MethodNotAllowed", "The specified method is not allowed against this resource.", {
    fields: { Method: method },
    headers,
  });
