import { readFile } from "node:fs/promises";
import { askMetadata, type MetadataContext, waitForMetadata } from "../metadata-service.ts";
import { unauthenticated } from "./auth-error.ts";
import { invalid } from "./credential-file.ts";
import { addressIn, type GcpLoginContext } from "./token-service.ts";

const operation = "read identity token";

/** The identity provider's token, read anew for every login because it is rotated. */
export type SubjectToken = (signal: AbortSignal) => Promise<string>;

/**
 * Where a `credential_source` has its token: a file, or a URL with headers; as text, or as a field of a JSON document.
 *
 * @throws StorageError `config_invalid` for a source that is neither.
 */
export function subjectTokenOf(
  context: GcpLoginContext,
  source: Readonly<Record<string, unknown>>,
  place: string,
): SubjectToken {
  const { file, url } = source;
  const parse = parserOf(source["format"], place);
  if (typeof file === "string") return async () => parse(await fileText(file), file);
  if (url === undefined) throw invalid(place, "its credential_source names neither file nor url");
  const address = addressIn(url, "credential_source.url");
  const headers = headersIn(source["headers"], place);
  const { local, clock, logger } = context;
  const service = `the identity provider at ${address.host}`;
  const asking: MetadataContext = {
    dispatcher: local,
    clock,
    logger,
    service,
    operation,
    provider: "gcp",
    patient: true,
  };
  return (signal) =>
    waitForMetadata(asking, signal, async () => {
      const answer = await askMetadata(asking, { url: address, headers }, signal);
      if (answer.status === 200) return parse(answer.body, service);
      throw unauthenticated({
        operation,
        asked: service,
        httpStatus: answer.status,
        detail: `it answers ${answer.status}`,
        hint: "Check credential_source.url and its headers in the credential file.",
      });
    });
}

async function fileText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "error";
    throw unauthenticated({
      operation,
      asked: path,
      detail: `the token file ${code === "ENOENT" ? "does not exist" : `cannot be read (${code})`}`,
      hint: "Check the projected volume of the service account's token, and securityContext.fsGroup of the pod.",
      cause,
    });
  }
}

function parserOf(format: unknown, place: string): (text: string, from: string) => string {
  const { type = "text", subject_token_field_name: name } = (format ?? {}) as Readonly<Record<string, unknown>>;
  if (type !== "text" && (type !== "json" || typeof name !== "string")) {
    throw invalid(place, "its credential_source.format is neither text nor json with subject_token_field_name");
  }
  return (text, from) => {
    const token = type === "text" ? text.trim() : jsonField(text, String(name));
    if (token !== undefined && token !== "") return token;
    throw unauthenticated({
      operation,
      asked: from,
      detail: type === "text" ? "it is empty" : `it holds no JSON with "${String(name)}"`,
      hint: "Check credential_source in the credential file.",
    });
  };
}

function jsonField(text: string, name: string): string | undefined {
  try {
    const value = (JSON.parse(text) as Readonly<Record<string, unknown>>)[name];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function headersIn(value: unknown, place: string): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null) throw invalid(place, "its credential_source.headers is no object");
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name.toLowerCase(), String(text)]));
}
