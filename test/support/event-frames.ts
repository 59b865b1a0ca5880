import { EventStreamCodec } from '@smithy/core/event-streams';

export interface Frame {
  readonly headers: { readonly [name: string]: unknown };
  readonly body: Buffer;
}

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
);

/** The frames of an event stream that has ended, checksums compared. */
export function framesOf(stream: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < stream.length; at += stream.readUInt32BE(at)) {
    const { headers, body } = codec.decode(stream.subarray(at, at + stream.readUInt32BE(at)));
    const values = Object.entries(headers).map(([name, { value }]) => [name, value]);
    frames.push({ headers: Object.fromEntries(values), body: Buffer.from(body) });
  }
  return frames;
}
