/** What {@link modelCapabilities} decides from. */
export interface CapabilityFacts {
  readonly modelType: string;
  readonly architecture: string;
  readonly hasVision: boolean;
  readonly isEmbedding: boolean;
  readonly diffusion: boolean;
}

interface Rule {
  readonly when: (facts: CapabilityFacts) => boolean;
  readonly capabilities: readonly string[];
}

const architectureHas =
  (...words: readonly string[]) =>
  ({ architecture }: CapabilityFacts): boolean =>
    words.some((word) => architecture.includes(word));

const diffusionHas =
  (...words: readonly string[]) =>
  (facts: CapabilityFacts): boolean =>
    facts.diffusion && architectureHas(...words)(facts);

/** First match wins; type and architecture are compared in lower case. */
const rules: readonly Rule[] = [
  { when: diffusionHas("imageedit", "pix2pix", "img2img", "inpaint"), capabilities: ["IMAGE_TEXT_TO_IMAGE"] },
  { when: diffusionHas("image", "pix", "stablediffusion"), capabilities: ["TEXT_TO_IMAGE"] },
  { when: diffusionHas("texttovideo", "t2v"), capabilities: ["TEXT_TO_VIDEO"] },
  { when: diffusionHas("video"), capabilities: ["IMAGE_TEXT_TO_VIDEO"] },
  {
    when: ({ modelType }) => modelType.includes("nemotronh_nano"),
    capabilities: ["IMAGE_TEXT_TO_TEXT", "TEXT_TO_TEXT", "AUDIO_TO_TEXT"],
  },
  { when: ({ hasVision }) => hasVision, capabilities: ["IMAGE_TEXT_TO_TEXT"] },
  {
    when: architectureHas("omni"),
    capabilities: ["TEXT_TO_AUDIO", "IMAGE_TEXT_TO_AUDIO", "VIDEO_TEXT_TO_AUDIO", "AUDIO_TO_TEXT", "AUDIO_TO_AUDIO"],
  },
  {
    when: architectureHas("whisper", "wav2vec2", "hubert", "fortc", "forctc", "forspeechtotext"),
    capabilities: ["AUDIO_TO_TEXT"],
  },
  {
    when: (facts) =>
      facts.isEmbedding ||
      architectureHas("embedding", "sentence")(facts) ||
      facts.modelType.includes("bert") ||
      (facts.modelType.includes("mistral") && facts.architecture.includes("mistralmodel")),
    capabilities: ["EMBEDDING"],
  },
];

/** Capabilities of a model in OME's words, such as `TEXT_TO_TEXT`. */
export function modelCapabilities(facts: CapabilityFacts): readonly string[] {
  const lower = { ...facts, modelType: facts.modelType.toLowerCase(), architecture: facts.architecture.toLowerCase() };
  return rules.find((rule) => rule.when(lower))?.capabilities ?? ["TEXT_TO_TEXT"];
}
