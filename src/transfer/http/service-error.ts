import type { ReadFailure } from "./read-failure.ts";

const xmlCode = /<Code>([A-Za-z0-9_.-]{1,80})<\/Code>/;
const jsonCode = /"(?:code|error)"\s*:\s*"([A-Za-z0-9_.-]{1,80})"/;

/**
 * Adds the service's own error code, as S3, GCS and Azure (XML) or OCI (JSON) put it into the body. Nothing else of the
 * body is kept: it may repeat a signature.
 */
export function serviceError(failure: ReadFailure, body: string): ReadFailure {
  const code = (xmlCode.exec(body) ?? jsonCode.exec(body))?.[1];
  if (code === undefined) return failure;
  return { ...failure, serviceCode: code, detail: `${failure.detail} (${code})` };
}
