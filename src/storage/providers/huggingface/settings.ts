import { hubAddress } from "../../../auth/huggingface/hub-address.ts";
import { isOn } from "../../../auth/huggingface/hub-home.ts";
import type { Environment } from "../../provider-definition.ts";
import type { HuggingFaceParameters } from "./parameters.ts";

/** What a client works with, decided from parameters and environment alone. */
export interface HubSettings {
  readonly endpoint: string;
  /** Hugging Face's own service, whose listings are taken at their word. */
  readonly official: boolean;
  /** The variable that forbids every request; undefined when requests are allowed. */
  readonly offline: string | undefined;
}

const offlineVariables = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] as const;

export function chooseSettings(input: {
  readonly parameters: HuggingFaceParameters;
  readonly env: Environment;
}): HubSettings {
  const { endpoint, official } = hubAddress(input);
  return { endpoint, official, offline: offlineVariables.find((name) => isOn(input.env[name])) };
}
