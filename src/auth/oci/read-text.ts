import { readFile } from "node:fs/promises";
import { type OciAuthFields, unauthenticated } from "./auth-error.ts";

/**
 * Content of a file that a login needs, trimmed. `what` names it: `the token file`.
 *
 * @throws StorageError `unauthenticated` when it is missing, unreadable or empty.
 */
export async function readText(
  path: string,
  fields: OciAuthFields & { readonly what: string; readonly hint: string },
): Promise<string> {
  const { what, hint, ...rest } = fields;
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "error";
    const detail = `${what} ${path} ${code === "ENOENT" ? "does not exist" : `cannot be read (${code})`}`;
    throw unauthenticated({ ...rest, detail, hint, cause });
  }
  if (text !== "") return text;
  throw unauthenticated({ ...rest, detail: `${what} ${path} is empty`, hint });
}
