import { readFile } from "node:fs/promises";
import { StorageError } from "../../errors.ts";
import { unauthenticated } from "./auth-error.ts";

/** A credential file in JSON, as Google Cloud and gcloud write it. All secret. */
export interface CredentialFile {
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Where it stands, for messages: a path, or the name of a setting. */
  readonly place: string;
  readonly quotaProject: string | undefined;
}

/**
 * Reads a credential file.
 *
 * @throws StorageError `unauthenticated` when it is missing or unreadable, `config_invalid` when it is none.
 */
export async function readCredentialFile(path: string, setting: string): Promise<CredentialFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "error";
    throw unauthenticated({
      operation: "read credential file",
      asked: path,
      detail: `the file that ${setting} names ${code === "ENOENT" ? "does not exist" : `cannot be read (${code})`}`,
      hint: `Correct ${setting}, mount the file, or let this process read it.`,
      cause,
    });
  }
  return parseCredentialFile(text, path);
}

/**
 * Takes a credential file's text apart.
 *
 * @throws StorageError `config_invalid`
 */
export function parseCredentialFile(text: string, place: string): CredentialFile {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw invalid(place, "it is not JSON");
  }
  if (typeof content !== "object" || content === null || Array.isArray(content))
    throw invalid(place, "it is no object");
  const { type, quota_project_id: quotaProject } = content as Readonly<Record<string, unknown>>;
  if (typeof type !== "string") throw invalid(place, 'it has no "type"');
  return {
    type,
    content: content as Readonly<Record<string, unknown>>,
    place,
    quotaProject: typeof quotaProject === "string" && quotaProject !== "" ? quotaProject : undefined,
  };
}

/** A text that the file must have. */
export function field(file: CredentialFile, name: string): string {
  const value = file.content[name];
  if (typeof value === "string" && value !== "") return value;
  throw invalid(file.place, `it has no "${name}"`);
}

/** A credential file that cannot be used as it is. */
export function invalid(place: string, detail: string, hint?: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "read credential file",
    provider: "gcp",
    target: place,
    detail,
    hint: hint ?? "Use the file as Google Cloud or gcloud made it.",
  });
}
