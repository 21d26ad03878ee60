import { homedir } from "node:os";
import { join } from "node:path";
import type { AuthRequest } from "../auth-request.ts";

type Environment = AuthRequest["env"];

/** `$HF_HOME`, else `$XDG_CACHE_HOME/huggingface`, else `~/.cache/huggingface`: where Hugging Face's tools keep their files. */
export function hubHome(env: Environment): string {
  const home = env["HOME"] || homedir();
  const given = set(env["HF_HOME"]);
  if (given !== undefined) return expand(given, home);
  return join(expand(set(env["XDG_CACHE_HOME"]) ?? join(home, ".cache"), home), "huggingface");
}

/** `$HF_TOKEN_PATH`, else the file `token` in {@link hubHome}. */
export function hubTokenPath(env: Environment): string {
  const given = set(env["HF_TOKEN_PATH"]);
  return given === undefined ? join(hubHome(env), "token") : expand(given, env["HOME"] || homedir());
}

/** Whether a variable of Hugging Face's tools is switched on: `1`, `true`, `yes` or `on`, in any case. */
export function isOn(value: string | undefined): boolean {
  return /^(?:1|true|yes|on)$/i.test(value?.trim() ?? "");
}

function set(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}

function expand(path: string, home: string): string {
  return path === "~" || path.startsWith("~/") ? join(home, path.slice(1)) : path;
}
