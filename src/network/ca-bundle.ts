import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import { StorageError } from "../errors.ts";

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM file, or of PEM text, one block after the other; an empty string for an empty or absent setting.
 * `name` is the variable or parameter that the setting came from.
 *
 * @throws StorageError `config_invalid` when the file cannot be read or holds no certificate.
 */
export function readCaBundle(pathOrPem: string | undefined, name: string): string {
  if (pathOrPem === undefined || pathOrPem.trim() === "") return "";
  const inline = pathOrPem.includes("-----BEGIN");
  const target = inline ? name : `${name}=${pathOrPem}`;
  const blocks = (inline ? pathOrPem : readBundleFile(pathOrPem, name, target)).match(certificateBlock) ?? [];
  if (blocks.length === 0) {
    throw invalid(
      target,
      "there is no certificate in PEM format in it",
      `Point ${name} at a PEM file with CERTIFICATE blocks.`,
    );
  }
  return blocks.map((block) => `${block}\n`).join("");
}

/** Drops repeated certificates and those that Node trusts anyway: profiles travel into threads, and system bundles are large. */
export function additionalCertificates(pem: string): string {
  if (pem === "") return "";
  const seen = new Set(getCACertificates("default").map(bodyOf));
  const kept: string[] = [];
  for (const block of pem.match(certificateBlock) ?? []) {
    const body = bodyOf(block);
    if (seen.has(body)) continue;
    seen.add(body);
    kept.push(`${block}\n`);
  }
  return kept.join("");
}

function bodyOf(block: string): string {
  return block.replace(/-----[A-Z ]+-----|\s+/g, "");
}

function readBundleFile(path: string, name: string, target: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw invalid(
      target,
      `the certificate bundle cannot be read (${reason})`,
      `Correct the path in ${name}, or unset it.`,
      cause,
    );
  }
}

function invalid(target: string, detail: string, hint: string, cause?: unknown): StorageError {
  return new StorageError({ code: "config_invalid", operation: "read network settings", target, detail, hint, cause });
}
