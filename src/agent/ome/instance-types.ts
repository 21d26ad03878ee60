import { StorageError } from "../../errors.ts";

/** Instance types of the clouds and the short accelerator name that TensorRT-LLM engines are filed under. */
const builtIn: Readonly<Record<string, string>> = {
  "BM.GPU.A10.4": "A10",
  "BM.GPU.A100-v2.8": "A100-80G",
  "BM.GPU4.8": "A100-40G",
  "BM.GPU.B4.8": "A100-40G",
  "BM.GPU.H100.8": "H100",
  "BM.GPU.H100-NC.8": "H100",
  "BM.GPU.H200.8": "H200",
  "BM.GPU.H200-NC.8": "H200",
  "BM.GPU.B200.8": "B200",
  "p5.48xlarge": "H100",
  Standard_ND96isr_H100_v5: "H100",
  "a3-highgpu-8g": "H100",
  "gd-8xh100ib-i128": "H100",
  "gd-8xh200ib-i128": "H200",
  "gd-8xl40-i128": "L40",
  "gpu-h100-sxm": "H100",
  "gpu-h200-sxm": "H200",
  "gpu-b200-sxm": "B200",
  "gpu-l40s": "L40S",
};

/**
 * The map of `INSTANCE_TYPE_MAP`: the built-in one when it is absent or empty. Throws `config_invalid` when it is no JSON object of
 * texts.
 */
export function readInstanceTypes(text: string | undefined): ReadonlyMap<string, string> {
  const value = text === undefined || text.trim() === "" ? {} : parse(text);
  const entries = Object.entries(value);
  return new Map(entries.length === 0 ? Object.entries(builtIn) : entries);
}

function parse(text: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid("it is not JSON", cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("it is not a JSON object");
  for (const [name, alias] of Object.entries(value)) {
    if (typeof alias !== "string") throw invalid(`the value of "${name}" is not a text`);
  }
  return value as Record<string, string>;
}

function invalid(detail: string, cause?: unknown): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "read INSTANCE_TYPE_MAP",
    detail,
    hint: 'Give an object of instance types and accelerator names, such as {"p5.48xlarge": "H100"}.',
    cause,
  });
}

/** The accelerator name of a node: by its instance-type label through the map; an unknown type stands for itself. */
export function nodeShape(labels: Readonly<Record<string, string>>, types: ReadonlyMap<string, string>): string {
  const type = labels["node.kubernetes.io/instance-type"] ?? labels["beta.kubernetes.io/instance-type"] ?? "";
  return types.get(type) ?? type;
}
