import { EventStreamCodec } from '@smithy/core/event-streams';

export const EVENT_STREAM = 'application/vnd.amazon.eventstream';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
  (text) => Buffer.from(text),
);

/** One message of an event stream, with headers of text. Source: Smithy, Amazon event stream specification. */
export function eventFrame(
  headers: { readonly [name: string]: string },
  payload: string | Uint8Array,
): Uint8Array {
  return codec.encode({
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }]),
    ),
    body: Buffer.from(payload),
  });
}
