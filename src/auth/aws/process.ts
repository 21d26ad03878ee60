import { exec } from "node:child_process";
import { promisify } from "node:util";
import type { AuthRequest } from "../auth-request.ts";
import { cancelled } from "../cancelled.ts";
import { unauthenticated } from "./auth-error.ts";
import { type KeySource, loadedKeys } from "./loaded-keys.ts";
import { parseKeys } from "./parse-keys.ts";

const operation = "run credential process";
const asked = "the keys of AWS_CREDENTIAL_PROCESS";
const timeoutMs = 60_000;

/**
 * Keys from the command in `AWS_CREDENTIAL_PROCESS`, which prints them as JSON
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html). Its output is never shown.
 */
export function processSource(command: string, env: AuthRequest["env"]): KeySource {
  return async (signal) => {
    let output: string;
    try {
      const environment = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
      output = (await promisify(exec)(command, { env: environment, timeout: timeoutMs, signal })).stdout;
    } catch (error) {
      if (signal.aborted) throw cancelled(signal, operation);
      const { code, killed } = error as { readonly code?: unknown; readonly killed?: boolean };
      throw unauthenticated({
        operation,
        asked,
        detail: killed ? "the command did not end within a minute" : `the command failed (exit code ${String(code)})`,
        hint: "Run the command of AWS_CREDENTIAL_PROCESS by hand to see what is wrong.",
      });
    }
    const keys = parseKeys(output, { operation, asked });
    return loadedKeys(keys, "credential process");
  };
}
