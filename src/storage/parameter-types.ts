import { z } from "zod";

/**
 * Parameter types for provider schemas. Manifests hold strings only, code may pass the real type, so each of these takes
 * both and gives the real one. Compose with `.optional()` or `.default(…)`.
 */

/** Text that is not blank. */
export const text = () => z.string().trim().min(1, "must not be empty");

/** `true` or `false`. */
export const flag = () =>
  z
    .union([z.boolean(), z.enum(["true", "false"])], { error: "must be true or false" })
    .transform((value) => value === true || value === "true");

/** A whole number from `min` to `max`, both included. */
export const wholeNumber = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .union([z.number({ error }), z.string().regex(/^\d{1,15}$/, error)], { error })
    .transform(Number)
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, error);
};

/** Words separated by commas or line breaks, or an array of them; blanks around and empty ones are dropped. */
export const list = () => words((value) => value.split(/[,\n]/));

/** As {@link list}, for globs: a comma inside braces (`*.{json,txt}`) belongs to its glob. */
export const globList = () => words((value) => value.match(/(?:\{[^}]*\}|[^,\n{]|\{)+/g) ?? []);

const words = (split: (value: string) => readonly string[]) =>
  z
    .union([z.string(), z.array(z.string())], { error: "must be a comma-separated list" })
    .transform((value) => (typeof value === "string" ? split(value) : value))
    .transform((parts) => parts.map((part) => part.trim()).filter((part) => part !== ""));

/** An absolute `http://` or `https://` URL without user, query or fragment; a trailing slash is dropped. */
export const endpointUrl = () =>
  z
    .string()
    .trim()
    .refine(isEndpoint, "must be an absolute http:// or https:// URL without user name, query or fragment")
    .transform((value) => value.replace(/\/+$/, ""));

function isEndpoint(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const web = url.protocol === "http:" || url.protocol === "https:";
  return web && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
}
