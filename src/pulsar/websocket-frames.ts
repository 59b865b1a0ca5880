import type { Properties } from '../io';
import { jsonFields } from '../util/json-fields';
import type { OutgoingMessage } from './transport';

/** Bytes of a frame that are kept for key, properties and event time when the size of a message is foretold. */
const RESERVED = 16 * 1024;

/** Largest value, in bytes, that fits a frame of `frameBytes` beside its key and properties: base64 takes a third more. */
export function maxValueBytes(frameBytes: number): number {
  return Math.max(0, Math.floor((frameBytes - RESERVED) / 4) * 3);
}

/** Instants that every side can write as ISO 8601 with four digits of year; milliseconds since the epoch. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

/**
 * `message` as the API takes it. Source: `ProducerMessage` of Pulsar. It has no place for a key of bytes (whose base64
 * becomes the key), an ordering key or a sequence id.
 * @param context comes back with the answer.
 */
export function producerFrame(message: OutgoingMessage, context: number): string {
  const { key, value, eventTime, properties } = message;
  const payload = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  let frame = `{"payload":"${payload}","context":"${context}"`;
  if (key !== undefined) {
    frame += `,"key":${JSON.stringify(key)}`;
  }
  if (eventTime !== undefined && eventTime >= 0 && eventTime <= LAST_INSTANT) {
    frame += `,"eventTime":"${new Date(eventTime).toISOString()}"`;
  }
  return `${frame},"properties":${JSON.stringify(properties)}}`;
}

/** Answer to one message. Source: `ProducerAck` of Pulsar. */
export interface ProducerAnswer {
  /** `ok`, or `send-error:<number>`. */
  readonly result: string;
  readonly errorMsg: string | undefined;
  /** Undefined when the service could not read the message at all. */
  readonly context: string | undefined;
}

/** What the service says of a message. */
export function producerAnswer(text: string): ProducerAnswer {
  const { result, errorMsg, context } = jsonFields(text) ?? {};
  return typeof result === 'string'
    ? { result, errorMsg: textOrNone(errorMsg), context: textOrNone(context) }
    : { result: 'unreadable', errorMsg: text.slice(0, 100), context: undefined };
}

const textOrNone = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A message of a consumer. Source: `ConsumerMessage` of Pulsar; instants are ISO 8601. */
export interface ConsumerFrame {
  readonly messageId: string;
  readonly payload: string;
  readonly properties?: Properties;
  readonly publishTime?: string;
  readonly eventTime?: string;
  readonly redeliveryCount?: number;
  readonly key?: string;
  readonly encryptionContext?: EncryptionFrame;
}

/** Source: `EncryptionContext` of Pulsar as Jackson writes it: byte arrays in base64. */
export interface EncryptionFrame {
  readonly keys?: {
    readonly [name: string]: { readonly keyValue: string; readonly metadata?: Properties | null };
  };
  readonly param?: string;
  readonly algorithm?: string;
  readonly compressionType?: string;
  readonly uncompressedMessageSize?: number;
  /** Absent, or an object without a value, for a message that is no batch. */
  readonly batchSize?: number | null | object;
}

/** What a consumer tells the service. Source: `ConsumerCommand` of Pulsar. */
export type ConsumerCommand =
  | { readonly type: 'permit'; readonly permitMessages: number }
  | { readonly type: 'acknowledge' | 'negativeAcknowledge'; readonly messageId: string }
  | { readonly type: 'unsubscribe' };
