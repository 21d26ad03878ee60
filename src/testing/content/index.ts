export { bytesContent, type Content, fileContent, joinedContent, withFlippedBit, zeroContent } from "./content.ts";
export { contentDigest } from "./content-digest.ts";
export { generatedContent, seededRandom } from "./generated-content.ts";
export { type GeneratedModelOptions, generatedModel, generatedShard } from "./generated-model.ts";
