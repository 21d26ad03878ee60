import { StorageError } from "../../errors.ts";
import type { HttpContext } from "./http-client.ts";

/** An answer that breaks the rules of its protocol, which asking again does not mend. */
export function protocolFailure(
  { operation, target, provider }: HttpContext,
  detail: string,
  hint: string,
): StorageError {
  return new StorageError({ code: "protocol", retry: "permanent", operation, target, provider, detail, hint });
}
