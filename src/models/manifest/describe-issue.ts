import type { z } from "zod";
import { nearestName } from "../../uri/nearest-name.ts";

type Issue = z.core.$ZodIssue;

/**
 * What a schema's issue means, for people. `value` is what stands at the issue's path, `written` how it was written;
 * neither is shown of a `secret`.
 */
export function describeIssue(issue: Issue, value: unknown, written: string | undefined, secret = false): string {
  switch (issue.code) {
    case "invalid_type":
      if (value === undefined) return "is missing";
      return wrongType(issue.expected, value, written, secret);
    case "invalid_value": {
      if (value === undefined) return "is missing";
      const allowed = issue.values.map(String);
      if (typeof value !== "string") return `is ${typeName(value)}, must be one of ${allowed.join(", ")}`;
      const nearest = nearestName(value, allowed);
      const hint = nearest === undefined ? `must be ${allowed.join(" or ")}` : `did you mean "${nearest}"?`;
      return `is "${shorten(value)}"; ${hint}`;
    }
    case "too_big":
    case "too_small":
      return "is out of range";
    default:
      return issue.message;
  }
}

function wrongType(expected: string, value: unknown, written: string | undefined, secret: boolean): string {
  switch (expected) {
    case "string": {
      if (typeof value !== "number" && typeof value !== "boolean") return `is ${typeName(value)}, must be text`;
      if (secret) return `is ${typeName(value)}, must be text: write it in quotation marks`;
      const shown = shorten(written ?? String(value));
      return `is ${typeName(value)} (${shown}), must be text: write it in quotation marks, "${shown}"`;
    }
    case "boolean":
      return `is ${typeName(value)}, must be true or false`;
    case "int":
    case "number":
      return `is ${typeName(value)}, must be a whole number`;
    case "array":
      return `is ${typeName(value)}, must be a list`;
    default:
      return `is ${typeName(value)}, must hold named fields`;
  }
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "text";
  if (typeof value === "number") return "a number";
  if (typeof value === "boolean") return "a boolean";
  return "a group of fields";
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
