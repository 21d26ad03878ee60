/** A whole safetensors file of BF16 tensors, its data zeros. */
export function safetensors(tensors: Readonly<Record<string, readonly number[]>>): Buffer {
  let offset = 0;
  const entries = Object.entries(tensors).map(([name, shape]) => {
    const begin = offset;
    offset += shape.reduce((product, size) => product * size, 2);
    return [name, { dtype: "BF16", shape, data_offsets: [begin, offset] }];
  });
  return assemble(JSON.stringify({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) }), offset);
}

/** A header as given, and so many bytes of data behind it. */
export function assemble(header: string, dataSize: number): Buffer {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataSize)]);
}
