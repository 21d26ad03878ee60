import { type ErrorCode, StorageError } from "../../../errors.ts";
import { fileError } from "../../file-error.ts";

/** An error about a local path. `target` is the path itself: it is no secret. */
export function localError(code: ErrorCode, operation: string, target: string, detail: string, hint: string) {
  return new StorageError({ code, operation, provider: "local", target, detail, hint });
}

/** Runs a call to the file system; what it fails with comes out as a {@link StorageError}. */
export async function onDisk<Result>(operation: string, target: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw fileError(error, { operation, target, provider: "local" });
  }
}
