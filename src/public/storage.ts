/**
 * `model-agent/storage`: one interface over every provider. docs/storage.md explains it, docs/plugins.md how to add a
 * provider of one's own.
 */

export {
  type BulkFile,
  type BulkItem,
  type BulkOptions,
  type BulkResult,
  bulkDownload,
} from "../delivery/bulk-download.ts";
export {
  type ErrorCode,
  exitCodes,
  isStorageError,
  type RetryAdvice,
  StorageError,
  type StorageErrorFields,
} from "../errors.ts";
export { type NetworkOverrides, networkFromEnvironment } from "../network/network-from-environment.ts";
export { directNetwork, type NetworkProfile } from "../network/network-profile.ts";
export { applyListOptions } from "../storage/apply-list-options.ts";
export { collect } from "../storage/collect.ts";
export {
  createStorageClient,
  type StorageClient,
  type StorageClientOptions,
} from "../storage/create-storage-client.ts";
export type {
  CompositeDigest,
  Digest,
  DigestAlgorithm,
  FullDigest,
  RangeAlgorithm,
  RangeDigests,
} from "../storage/digest.ts";
export { exists } from "../storage/exists.ts";
export { createGlobFilter, type GlobOptions } from "../storage/glob-filter.ts";
export { compareKeys } from "../storage/key-order.ts";
export { type ListObjectsOptions, listObjects } from "../storage/list-objects.ts";
export { type OpenReadOptions, openRead } from "../storage/open-read.ts";
export { endpointUrl, flag, globList, list, text, wholeNumber } from "../storage/parameter-types.ts";
export { pathBelow } from "../storage/path-below.ts";
export {
  defineProvider,
  type Environment,
  type OpenContext,
  type ParameterSchema,
  type ProviderDefinition,
  type ProviderSettings,
  type SecretValues,
  type UriOf,
} from "../storage/provider-definition.ts";
export { createProviderRegistry, type ProviderRegistry } from "../storage/provider-registry.ts";
export { readRange } from "../storage/read-range.ts";
export type {
  BytesReadSource,
  FileReadSource,
  HttpReadSource,
  RangeDigestHeaders,
  ReadSource,
} from "../storage/read-source.ts";
export type {
  CallOptions,
  Capabilities,
  CommonPrefix,
  ListOptions,
  LocateOptions,
  ObjectInfo,
  Pin,
  ProviderName,
  PutBody,
  PutOptions,
  SequentialStorage,
  Storage,
  WritableStorage,
} from "../storage/storage.ts";
export { isBulkStorage, isSequentialStorage, isWritableStorage } from "../storage/storage-kinds.ts";
export type { ParameterInput } from "../storage/validate-parameters.ts";
export { type Clock, type Random, systemClock } from "../telemetry/clock.ts";
export { type LogFields, type Logger, silentLogger } from "../telemetry/logger.ts";
export type { DownloadProgress, FileProgress, ProgressListener } from "../telemetry/progress.ts";
export { BandwidthCap, type BandwidthShare } from "../transfer/policy/bandwidth-cap.ts";
export { describeUri } from "../uri/describe-uri.ts";
export { formatUri } from "../uri/format-uri.ts";
export type * from "../uri/object-uri.ts";
export { type ParseUriOptions, parseUri } from "../uri/parse-uri.ts";
export { withKey } from "../uri/with-key.ts";
