/** Left unused at the end, so that no request arrives when its signature has just expired. */
const marginMs = 60_000;

/**
 * When a signed address of a content delivery network stops working, as its query tells it: `Expires` of CloudFront and Google,
 * `X-Amz-Date` with `X-Amz-Expires` of S3. Epoch milliseconds; `Infinity` when it does not say, and then the refusal will.
 */
export function signedExpiry(url: string, now: number): number {
  const query = new URL(url).searchParams;
  const end = absoluteEnd(query) ?? amazonEnd(query);
  if (end === undefined) return Number.POSITIVE_INFINITY;
  return end - Math.min(marginMs, Math.max(0, end - now) / 2);
}

function absoluteEnd(query: URLSearchParams): number | undefined {
  const text = query.get("Expires") ?? "";
  return /^\d{9,11}$/.test(text) ? Number(text) * 1000 : undefined;
}

function amazonEnd(query: URLSearchParams): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get("X-Amz-Date") ?? "") ?? [];
  const lifetime = query.get("X-Amz-Expires") ?? "";
  if (second === undefined || !/^\d{1,7}$/.test(lifetime)) return undefined;
  const begin = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(begin) ? undefined : begin + Number(lifetime) * 1000;
}
