/**
 * Oracle Cloud refuses signatures that are more than five minutes off, with a message that tells both times:
 * `Date '…' is not within allowed clock skew. Current '…', valid datetime range: […]`.
 */
export function clockSkew(
  message: string,
  now: number,
): { readonly detail: string; readonly hint: string } | undefined {
  if (!/allowed clock skew/i.test(message)) return undefined;
  const current = Date.parse(/Current '([^']{1,60})'/.exec(message)?.[1] ?? "");
  const difference = Math.round((now - current) / 60_000);
  const direction = difference < 0 ? "behind" : "ahead of";
  return {
    detail: Number.isNaN(current)
      ? "this machine's clock differs too much from Oracle Cloud's"
      : `this machine's clock is ${Math.abs(difference)} minutes ${direction} Oracle Cloud's`,
    hint: "Set this machine's clock (NTP): signatures are accepted within five minutes only.",
  };
}
