const mebibyte = 1024 ** 2;
const defaultPartSize = 16 * mebibyte;

/** What a service allows. Sizes in bytes. */
export interface PartLimits {
  readonly maxParts: number;
  /** Of every part but the last one. */
  readonly minSize: number;
  readonly maxSize: number;
  /** Both sizes for people: `5 MiB to 5 GiB`. */
  readonly range: string;
  /** What the service calls a part, in the plural. */
  readonly name: string;
}

/** Why a part size cannot be used, and what to do. */
export interface PartSizeRefusal {
  readonly detail: string;
  readonly hint: string;
}

/** The part size asked for, or one that makes no more parts of the body than the service takes. `size` undefined: not known beforehand. */
export function choosePartSize(
  size: number | undefined,
  wanted: number | undefined,
  { maxParts, minSize, maxSize, range, name }: PartLimits,
): number | PartSizeRefusal {
  const needed = Math.ceil((size ?? 0) / maxParts);
  const partSize = wanted ?? Math.max(defaultPartSize, Math.ceil(needed / mebibyte) * mebibyte);
  const single = size !== undefined && size <= partSize;
  if (!Number.isInteger(partSize) || partSize < 1 || partSize > maxSize || (partSize < minSize && !single)) {
    return { detail: `a part size of ${partSize} bytes is not possible`, hint: `Choose a part size from ${range}.` };
  }
  if (needed > partSize) {
    return {
      detail: `${size} bytes in parts of ${partSize} make more than ${maxParts} ${name}`,
      hint: `Choose a part size of at least ${needed} bytes, or none.`,
    };
  }
  return partSize;
}
