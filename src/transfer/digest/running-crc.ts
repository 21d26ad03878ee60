/** One running CRC. */
export interface Crc {
  update(bytes: Uint8Array): void;
  /** Value so far in lower-case hexadecimal; ready for the next piece afterwards. */
  take(): string;
}

/** Makes a running CRC that starts at nothing. */
export type CrcFactory = () => Crc;
