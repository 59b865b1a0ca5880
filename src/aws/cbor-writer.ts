const UNSIGNED = 0;
const TEXT = 3;
const MAP = 5;

/** A map of texts and whole numbers from 0 to 2^32 − 1; members that are undefined are left out. Source: RFC 8949. */
export function encodeCbor(members: { readonly [name: string]: string | number | undefined }): Buffer {
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  return Buffer.concat([
    head(MAP, present.length),
    ...present.flatMap(([name, value]) => [
      text(name),
      typeof value === 'number' ? head(UNSIGNED, value) : text(String(value)),
    ]),
  ]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([head(TEXT, bytes.length), bytes]);
}

function head(major: number, argument: number): Buffer {
  if (argument < 24) {
    return Buffer.of((major << 5) | argument);
  }
  const bytes = Buffer.alloc(5);
  bytes[0] = (major << 5) | 26;
  bytes.writeUInt32BE(argument, 1);
  return bytes;
}
