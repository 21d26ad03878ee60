import type { z } from "zod";
import { StorageError } from "../errors.ts";
import { nearestName } from "../uri/nearest-name.ts";
import { type CommonParameters, commonParameters } from "./common-parameters.ts";
import type { ParameterSchema, ProviderDefinition } from "./provider-definition.ts";

/** Parameters as they come in: a manifest's `storage.parameters`, or a literal in code. */
export type ParameterInput = Readonly<Record<string, unknown>>;

/** Parameters after validation, divided by who uses them. */
export interface ValidatedParameters<Own = Readonly<Record<string, unknown>>> {
  readonly common: CommonParameters;
  /** Output of the provider's own schema. */
  readonly own: Own;
}

/**
 * Checks parameters against what the provider and everyone understands. Values that are undefined count as absent.
 *
 * @throws StorageError `config_invalid` that names every wrong parameter, the nearest right name of an unknown one, and
 * never a value.
 */
export function validateParameters(definition: ProviderDefinition, input: ParameterInput): ValidatedParameters {
  const commonNames = Object.keys(commonParameters.shape);
  const ownNames = Object.keys(definition.parameters.shape);
  const common: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (commonNames.includes(name)) common[name] = value;
    else if (ownNames.includes(name)) own[name] = value;
    else problems.push(unknownName(name, definition, [...ownNames, ...commonNames]));
  }
  const parsedCommon = check(commonParameters, common, problems);
  const parsedOwn = check(definition.parameters, own, problems);
  const [first] = problems;
  if (first !== undefined || parsedCommon === undefined || parsedOwn === undefined) {
    throw new StorageError({
      code: "config_invalid",
      operation: "read parameters",
      provider: definition.name,
      target: first?.name,
      detail: problems.map((problem) => problem.detail).join("; "),
      hint: first?.hint ?? "Correct the parameters.",
    });
  }
  return { common: parsedCommon, own: parsedOwn };
}

interface Problem {
  readonly name: string;
  readonly detail: string;
  readonly hint: string;
}

function unknownName(name: string, definition: ProviderDefinition, known: readonly string[]): Problem {
  const nearest = nearestName(name, known);
  const all = `Known parameters: ${[...known].sort().join(", ")}.`;
  return {
    name,
    detail: `${definition.title} has no parameter ${JSON.stringify(name)}`,
    hint: nearest === undefined ? all : `Did you mean ${JSON.stringify(nearest)}? ${all}`,
  };
}

function check<Schema extends ParameterSchema>(
  schema: Schema,
  input: Readonly<Record<string, unknown>>,
  problems: Problem[],
): z.output<Schema> | undefined {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const name = issue.path.join(".");
    const detail = name === "" ? issue.message : `parameter ${name}: ${issue.message}`;
    problems.push({ name, detail, hint: `Correct ${name === "" ? "the parameters" : name}, or leave it out.` });
  }
  return undefined;
}
