/** One named condition of being healthy. Undefined: it holds. The reason is for the log; it is not served. */
export interface HealthCheck {
  readonly name: string;
  run(): Promise<string | undefined>;
}

export interface HealthAnswer {
  readonly status: 200 | 500;
  readonly body: string;
  /** Why it failed, for the log. */
  readonly failures: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Answers as Kubernetes API servers do, because probes, people and OME's agent know that form: `ok`, or with `verbose` one
 * line per check; on failure always one line per check, reasons withheld. `endpoint` is the name in the last line.
 */
export async function answerHealth(
  checks: readonly HealthCheck[],
  options: { readonly endpoint: string; readonly verbose: boolean; readonly exclude: readonly string[] },
): Promise<HealthAnswer> {
  const lines: string[] = [];
  const failures: { name: string; reason: string }[] = [];
  for (const check of checks) {
    if (options.exclude.includes(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const reason = await outcome(check);
    if (reason === undefined) lines.push(`[+]${check.name} ok`);
    else {
      lines.push(`[-]${check.name} failed: reason withheld`);
      failures.push({ name: check.name, reason });
    }
  }
  if (failures.length > 0)
    return { status: 500, body: `${lines.join("\n")}\n${options.endpoint} check failed\n`, failures };
  return {
    status: 200,
    body: options.verbose ? `${lines.join("\n")}\n${options.endpoint} check passed\n` : "ok",
    failures,
  };
}

async function outcome(check: HealthCheck): Promise<string | undefined> {
  try {
    return await check.run();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
