import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { S3RequestPresigner } from "@aws-sdk/s3-request-presigner";
import type { AwsKeys } from "../../../auth/aws/credentials.ts";

/** Where the objects of one bucket are read: everything about a request but its key. */
export interface BucketAddress {
  readonly protocol: string;
  /** Host and port as they stand in the URL and in the signed `Host`. */
  readonly authority: string;
  /** Path before the encoded key; ends in `/`. */
  readonly basePath: string;
  readonly signingRegion: string;
  readonly signingService: string;
  /** The SDK's hash for signatures. */
  readonly sha256: S3Client["config"]["sha256"];
}

type SdkRequest = Parameters<S3RequestPresigner["presign"]>[0];

/** A key that no encoding changes. */
const probeKey = "key";

/**
 * Asks the SDK how it would address objects of a bucket (partition, endpoint, addressing style), without sending anything.
 * Its pipeline is cut off right before signing.
 */
export async function addressOf(sdk: S3Client, bucket: string): Promise<BucketAddress> {
  const stack = sdk.middlewareStack.clone();
  let address: BucketAddress | undefined;
  stack.addRelativeTo(
    (_next: unknown, context: object) => async (args: { readonly request?: unknown }) => {
      address = readAddress(args.request as SdkRequest, context as SigningContext, sdk, await sdk.config.region());
      return { response: {}, output: { $metadata: {} } as never };
    },
    { name: "readAddress", relation: "before", toMiddleware: "awsAuthMiddleware" },
  );
  const command = new GetObjectCommand({ Bucket: bucket, Key: probeKey });
  await command.resolveMiddleware(stack, sdk.config, {})({ input: command.input });
  if (address === undefined) throw new Error("the SDK sends nothing for GetObject");
  return address;
}

interface SigningContext {
  readonly authSchemes?: readonly { readonly signingRegion?: string; readonly signingName?: string }[];
}

function readAddress(request: SdkRequest, context: SigningContext, sdk: S3Client, region: string): BucketAddress {
  const scheme = context.authSchemes?.[0];
  return {
    protocol: request.protocol,
    authority: request.port === undefined ? request.hostname : `${request.hostname}:${request.port}`,
    basePath: request.path.slice(0, -probeKey.length),
    signingRegion: scheme?.signingRegion ?? region,
    signingService: scheme?.signingName ?? "s3",
    sha256: sdk.config.sha256,
  };
}

/**
 * A GET of any range, signed into its URL. The range is not part of the signature, nor is `If-Match`; the path is the key
 * encoded byte by byte, slashes apart, exactly as it is signed. Without keys the plain address comes out.
 */
export async function signedUrl(
  address: BucketAddress,
  key: string,
  query: Readonly<Record<string, string>>,
  login: { readonly keys: AwsKeys; readonly now: number; readonly expiresInSeconds: number } | undefined,
): Promise<string> {
  const path = address.basePath + key.split("/").map(uriEncode).join("/");
  const [hostname = "", port] = address.authority.split(/:(?=\d+$)/);
  const request: SdkRequest = {
    method: "GET",
    protocol: address.protocol,
    hostname,
    ...(port === undefined ? {} : { port: Number(port) }),
    path,
    query: { ...query },
    headers: { host: address.authority },
  };
  const signed = login === undefined ? request : await presign(address, request, login);
  const pairs = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${uriEncode(name)}=${uriEncode(String(value))}`,
  );
  return `${address.protocol}//${address.authority}${path}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}

async function presign(
  address: BucketAddress,
  request: SdkRequest,
  login: { readonly keys: AwsKeys; readonly now: number; readonly expiresInSeconds: number },
): Promise<SdkRequest> {
  const { accessKeyId, secretAccessKey, sessionToken } = login.keys;
  const presigner = new S3RequestPresigner({
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    region: address.signingRegion,
    service: address.signingService,
    sha256: address.sha256,
  });
  return presigner.presign(request, {
    expiresIn: login.expiresInSeconds,
    signingDate: new Date(login.now),
    signingRegion: address.signingRegion,
    signingService: address.signingService,
  });
}

function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
