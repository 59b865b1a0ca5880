import { ConnectorError } from '../errors';
import type { EventStreamBytes } from './event-stream-bytes';
import {
  CRC_BYTES,
  type FrameHeaders,
  frameHeaders,
  framePayload,
  frameSize,
  PRELUDE_BYTES,
} from './event-stream-frame';

/** A frame of which only the beginning has been read. */
export interface FrameHead {
  readonly headers: FrameHeaders;
  /** Bytes of the whole frame. */
  readonly bytes: number;
  /** Reads the payload. Once, before the next head. @throws like `head` */
  payload(signal: AbortSignal): Promise<Buffer>;
}

/**
 * The frames of an event stream, each in two steps, so that its size is known before it takes memory. Not before the
 * payload has been read is it certain that the headers are not damaged either.
 */
export class EventStreamReader {
  constructor(private readonly bytes: EventStreamBytes) {}

  /**
   * The next frame; undefined at the end of the stream.
   * @throws ConnectorError AWS_UNKNOWN: damaged; AWS_UNAVAILABLE: ended within a frame; what the connection throws
   */
  async head(signal: AbortSignal): Promise<FrameHead | undefined> {
    const prelude = Buffer.allocUnsafe(PRELUDE_BYTES);
    const filled = await this.bytes.fill(prelude, signal);
    if (filled === 0) {
      return undefined;
    }
    requireWhole(filled, prelude);
    const size = frameSize(prelude);
    const head = Buffer.allocUnsafe(PRELUDE_BYTES + size.headers);
    prelude.copy(head);
    await this.#fill(head.subarray(PRELUDE_BYTES), signal);
    return {
      headers: frameHeaders(head.subarray(PRELUDE_BYTES)),
      bytes: size.total,
      payload: async (payloadSignal) => {
        const rest = Buffer.allocUnsafeSlow(size.payload + CRC_BYTES);
        await this.#fill(rest, payloadSignal);
        return framePayload(head, rest);
      },
    };
  }

  async #fill(target: Buffer, signal: AbortSignal): Promise<void> {
    requireWhole(await this.bytes.fill(target, signal), target);
  }
}

function requireWhole(filled: number, target: Buffer): void {
  if (filled < target.length) {
    throw new ConnectorError('AWS_UNAVAILABLE', 'the event stream of Kinesis ended within an event');
  }
}
