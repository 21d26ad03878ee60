const noRegistries =
  "Container images are not read; a model in OCI Object Storage is oci://n/{namespace}/b/{bucket}/o/{prefix}.";
const noFileServers = "Offer the files over https:// or put them into a bucket, such as s3://{bucket}/{prefix}.";
const blobEndpoint = "Write az://{account}.blob.core.windows.net/{container}/{prefix}.";

/** Schemes of neighbouring tools for things that are not read here, each with what can be done. */
export const unsupportedSchemes: ReadonlyMap<string, string> = new Map([
  ["oci+image", noRegistries],
  ["oci+native", noRegistries],
  ["oci+fetch", noRegistries],
  ["modelpack", noRegistries],
  ["docker", noRegistries],
  ["oras", noRegistries],
  ["ftp", noFileServers],
  ["sftp", noFileServers],
  ["ssh", noFileServers],
  ["hdfs", noFileServers],
]);

/** Other tools' names for schemes that are read here, each with the right form. */
export const schemeSynonyms: ReadonlyMap<string, string> = new Map([
  ["ocios", "Write oci://n/{namespace}/b/{bucket}/o/{prefix}."],
  ["s3a", "Write s3://{bucket}/{prefix}."],
  ["s3n", "Write s3://{bucket}/{prefix}."],
  ["gcs", "Write gs://{bucket}/{prefix}."],
  ["wasb", blobEndpoint],
  ["wasbs", blobEndpoint],
  ["abfs", blobEndpoint],
  ["abfss", blobEndpoint],
  ["huggingface", "Write hf://{org}/{model}."],
  ["stage", "Write local:///{path} for files that are already on the node."],
]);
