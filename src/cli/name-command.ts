/** Options of the program that take the next argument as their value. */
const withValue: ReadonlySet<string> = new Set(["--format", "--log-level"]);
/** Options that are answered without a command. */
const answered: ReadonlySet<string> = new Set(["-h", "--help", "-V", "--version"]);

/**
 * The arguments with the command `run` where they name none: containers made for OME's agent start it by its options alone, or in
 * a pod by none at all.
 */
export function nameCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  let at = 0;
  for (let arg = args[at]; arg !== undefined && isGlobal(arg); arg = args[at]) at += withValue.has(arg) ? 2 : 1;
  const first = args[at];
  if (first === undefined) return env["KUBERNETES_SERVICE_HOST"] === undefined ? args : ["run", ...args];
  return first.startsWith("-") && first !== "--" && !answered.has(first) ? ["run", ...args] : args;
}

function isGlobal(arg: string): boolean {
  const [name = ""] = arg.split("=");
  return withValue.has(name) || name === "-q" || name === "--quiet";
}
