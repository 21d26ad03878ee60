import { execFile } from "node:child_process";
import type { AuthRequest } from "../auth-request.ts";
import { cancelled } from "../cancelled.ts";
import { withTimeLimit } from "../time-limit.ts";
import { unauthenticated } from "./auth-error.ts";
import { storageResource } from "./clouds.ts";
import { type AccessSource, loadedToken } from "./loaded-access.ts";

const timeoutMs = 30_000;
const operation = "get a token from the Azure CLI";
const asked = "the user of `az login`";

/** Token of whoever has logged in with the Azure CLI on this machine. */
export function cliSource(request: AuthRequest<"azure">, tenantId: string | undefined): AccessSource {
  const { env, clock } = request;
  const args = ["account", "get-access-token", "--output", "json", "--resource", storageResource];
  if (tenantId !== undefined) args.push("--tenant", tenantId);
  return async (signal) => {
    const { stdout, stderr, code } = await withTimeLimit(clock, timeoutMs, signal, (limited) =>
      run(args, env, limited),
    );
    if (signal.aborted) throw cancelled(signal, operation);
    const answer = code === 0 ? read(stdout, clock.now()) : undefined;
    if (answer !== undefined) return loadedToken(answer.token, answer.expiration, "Azure CLI");
    throw refusal(code, stderr);
  };
}

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | string;
}

function run(args: readonly string[], env: AuthRequest["env"], signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile("az", [...args], { env: { ...env }, signal, maxBuffer: 1024 ** 2 }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: error === null ? 0 : (error.code ?? "killed") });
    });
  });
}

function read(text: string, now: number): { readonly token: string; readonly expiration: number } | undefined {
  try {
    const { accessToken, expires_on, expiresOn } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof accessToken !== "string" || accessToken === "") return undefined;
    // Old versions tell the local time only.
    const expiration = Number(expires_on) * 1000 || new Date(String(expiresOn)).getTime();
    return { token: accessToken, expiration: Number.isNaN(expiration) ? now + 5 * 60_000 : expiration };
  } catch {
    return undefined;
  }
}

function refusal(code: number | string, stderr: string) {
  if (code === "ENOENT") {
    const hint = "Install the Azure CLI and run `az login`, or use another auth type.";
    return unauthenticated({ operation, asked, detail: "there is no `az` on the PATH", hint });
  }
  const loggedOut = /az login|AADSTS|refresh token|expired/i.test(stderr);
  return unauthenticated({
    operation,
    asked,
    detail: loggedOut ? "nobody is logged in, or the login has expired" : `\`az\` failed (${code})`,
    hint: "Run `az login` (with --tenant where there are several).",
  });
}
