import { crc32 } from '@node-rs/crc32';
import { ConnectorError } from '../errors';

/**
 * Frames of an AWS event stream: 4 bytes length of all, 4 bytes length of the headers, 4 bytes CRC-32 of these eight,
 * headers, payload, 4 bytes CRC-32 of everything before. Numbers are big-endian.
 * Source: Smithy, "Amazon Event Stream Specification".
 */
export const PRELUDE_BYTES = 12;
export const CRC_BYTES = 4;

/** Longest headers and payload that the specification allows. */
const MAX_HEADER_BYTES = 128 * 1024;
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** What a prelude says of its frame, in bytes. */
export interface FrameSize {
  /** Of the whole frame. */
  readonly total: number;
  readonly headers: number;
  readonly payload: number;
}

/** Headers whose value is a string, by name; Kinesis sends no others that matter. */
export type FrameHeaders = ReadonlyMap<string, string>;

/** @throws ConnectorError AWS_UNKNOWN: damaged, or longer than the specification allows. */
export function frameSize(prelude: Buffer): FrameSize {
  requireCrc(prelude.readUInt32BE(8), crc32(prelude.subarray(0, 8)), 'prelude');
  const total = prelude.readUInt32BE(0);
  const headers = prelude.readUInt32BE(4);
  const payload = total - headers - PRELUDE_BYTES - CRC_BYTES;
  if (headers > MAX_HEADER_BYTES || payload > MAX_PAYLOAD_BYTES || payload < 0) {
    throw damaged(
      `a frame of ${total} bytes, ${headers} of them headers`,
      `up to ${MAX_HEADER_BYTES} bytes of headers and ${MAX_PAYLOAD_BYTES} of payload`,
    );
  }
  return { total, headers, payload };
}

/** @throws ConnectorError AWS_UNKNOWN: no such headers. */
export function frameHeaders(bytes: Buffer): FrameHeaders {
  const headers = new Map<string, string>();
  let at = 0;
  const take = (length: number): number => {
    const start = at;
    at += length;
    if (at > bytes.length) {
      throw damaged('a header that ends behind its frame', 'whole headers');
    }
    return start;
  };
  while (at < bytes.length) {
    const nameLength = bytes.readUInt8(take(1));
    const name = bytes.toString('utf8', take(nameLength), at);
    const type = bytes.readUInt8(take(1));
    const fixed = FIXED_LENGTHS[type];
    if (fixed !== undefined) {
      take(fixed);
    } else if (type === BYTES || type === STRING) {
      const valueLength = bytes.readUInt16BE(take(2));
      const start = take(valueLength);
      if (type === STRING) {
        headers.set(name, bytes.toString('utf8', start, at));
      }
    } else {
      throw damaged(`a header of type ${type}`, 'type 0 to 9');
    }
  }
  return headers;
}

const BYTES = 6;
const STRING = 7;
/** Bytes of the values of types 0 to 9: two booleans, integers of 1, 2, 4 and 8 bytes, and so on. */
const FIXED_LENGTHS = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];

/**
 * @param head prelude and headers
 * @param rest payload, and the CRC of the frame
 * @returns the payload, a view of `rest`
 * @throws ConnectorError AWS_UNKNOWN: damaged
 */
export function framePayload(head: Buffer, rest: Buffer): Buffer {
  const payload = rest.subarray(0, rest.length - CRC_BYTES);
  requireCrc(rest.readUInt32BE(payload.length), crc32(payload, crc32(head)), 'frame');
  return payload;
}

function requireCrc(told: number, computed: number, part: string): void {
  if (told !== computed) {
    throw damaged(`CRC-32 ${computed} of a ${part}`, `${told}`);
  }
}

function damaged(found: string, expected: string): ConnectorError {
  return new ConnectorError('AWS_UNKNOWN', 'the event stream of Kinesis is damaged', { found, expected });
}
