/** Bytes that are written at once: what a broken connection may cost at most. */
export const ioUnit = 1024 * 1024;
/** Bytes under one checksum, the grain of the journal: what a killed process may cost per connection at most. */
export const commitUnit = 8 * 1024 * 1024;
export const mebibyte = 1024 * 1024;
