/** An error answer of Object Storage. Thrown inside the fake, and by interceptors. */
export class OciFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function notAuthenticated(
  message = "The required information to complete authentication was not provided or was incorrect.",
): OciFailure {
  return new OciFailure(401, "NotAuthenticated", message);
}

/** The same words whether a bucket does not exist or may not be seen. */
export function bucketNotFound(namespace: string, bucket: string): OciFailure {
  const message = `Either the bucket named '${bucket}' does not exist in the namespace '${namespace}' or you are not authorized to access it`;
  return new OciFailure(404, "BucketNotFound", message);
}

export function objectNotFound(namespace: string, bucket: string, object: string): OciFailure {
  const message = `The object '${object}' was not found in the bucket '${bucket}' of namespace '${namespace}'`;
  return new OciFailure(404, "ObjectNotFound", message);
}

export function uploadNotFound(): OciFailure {
  return new OciFailure(404, "UploadNotFound", "No upload was found with the given upload id");
}

export function invalidParameter(code: string, message: string): OciFailure {
  return new OciFailure(400, code, message);
}
